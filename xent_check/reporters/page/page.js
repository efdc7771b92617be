"use strict";
(() => {
  const root = document.documentElement;
  const table = document.getElementById("cases");

  // ---- light or dark -------------------------------------------------------------------------
  const scheme = document.getElementById("scheme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.style.colorScheme || (prefersDark.matches ? "dark" : "light")) === "dark";
  const named = () => { scheme.textContent = isDark() ? "Light page" : "Dark page"; };
  scheme.addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    named();
  });
  prefersDark.addEventListener("change", named);
  scheme.hidden = false;
  named();

  // ---- the filter ----------------------------------------------------------------------------
  const clean = (text) => text.toLowerCase().replace(/\s+/g, " ");
  let show = () => {};
  if (table) {
    const form = document.getElementById("filter");
    const search = document.getElementById("q");
    const count = document.getElementById("count");
    const nothing = document.getElementById("nothing");
    const hiding = document.createElement("style");
    document.head.append(hiding);
    const columns = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const wide = document.getElementById("wide");
    const widen = () => table.classList.toggle("whole", Boolean(wide?.checked || ticked("column").length));
    const groups = [...table.tBodies].map((body) => {
      const [head, ...rows] = body.rows;
      const file = head.textContent;
      return { body, rows: rows.map((row) => ({
        row,
        text: clean(`${file} ${row.cells[0].textContent} ${row.dataset.tags || ""}`),
        statuses: [...row.cells].slice(1).map((cell) => cell.classList[0] || ""),
      })) };
    });
    const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
    const boxes = (name) => [...form.querySelectorAll(`input[name="${name}"]`)];
    const ticked = (name) => boxes(name).filter((box) => box.checked).map((box) => box.value);

    const apply = () => {
      const words = clean(search.value).split(" ").filter(Boolean);
      const statuses = new Set(ticked("status"));
      const chosen = new Set(ticked("column"));
      const kept = columns.map((_, i) => i).filter((i) => !chosen.size || chosen.has(columns[i]));
      let left = 0;
      for (const { body, rows } of groups) {
        let any = false;
        for (const { row, text, statuses: own } of rows) {
          const found = words.every((word) => text.includes(word))
            && (!statuses.size || kept.some((i) => statuses.has(own[i])))
            && (!chosen.size || kept.some((i) => own[i]));
          row.hidden = !found;
          any ||= found;
          left += found;
        }
        body.hidden = !any;
      }
      const gone = columns.map((_, i) => i).filter((i) => !kept.includes(i));
      hiding.textContent = gone
        .map((i) => `#cases tr:not(.file) > :nth-child(${i + 2}) { display: none; }`).join("\n");
      count.textContent = `${left} of ${total} cases`;
      nothing.hidden = left > 0;
      widen();
    };

    const remember = () => {
      const state = new URLSearchParams();
      if (search.value) state.set("q", search.value);
      for (const value of ticked("status")) state.append("status", value);
      for (const value of ticked("column")) state.append("impl", value);
      history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
    };
    const recall = () => {
      const state = new URLSearchParams(location.hash.slice(1));
      search.value = state.get("q") || "";
      for (const box of boxes("status")) box.checked = state.getAll("status").includes(box.value);
      for (const box of boxes("column")) box.checked = state.getAll("impl").includes(box.value);
      if (ticked("column").length) document.getElementById("by-column").open = true;
      apply();
    };
    form.addEventListener("input", () => { apply(); remember(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("clear").addEventListener("click", () => {
      form.reset();
      apply();
      remember();
    });
    show = (element) => {  // a link leads to what the filter hides
      if (table.contains(element) && element.closest("[hidden]")) {
        form.reset();
        apply();
      }
    };
    form.hidden = total < 2;
    if (location.hash.includes("=")) recall();
    addEventListener("hashchange", () => { if (location.hash.includes("=")) recall(); });
  }

  // ---- the changes by kind -------------------------------------------------------------------
  for (const block of document.querySelectorAll(".filtered")) {
    const form = block.querySelector("form");
    const boxes = [...form.querySelectorAll("input")];
    const bodies = [...block.querySelectorAll("tbody")];
    const changes = (list) => list.reduce((sum, body) => sum + Number(body.dataset.count), 0);
    const apply = () => {
      const kinds = boxes.filter((box) => box.checked).map((box) => box.value);
      for (const body of bodies) body.hidden = kinds.length > 0 && !kinds.includes(body.dataset.kind);
      form.querySelector(".shown").textContent = `${changes(bodies.filter((body) => !body.hidden))} of ${changes(bodies)} changes`;
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = boxes.length < 2;
    apply();
  }

  // ---- what scrolls sideways shows it ----------------------------------------------------------
  const frames = new Map();
  for (const frame of document.querySelectorAll(".edges")) {
    const box = frame.querySelector(".scroll");
    const first = box.querySelector(".matrix thead th");
    const show = () => {
      frame.classList.toggle("more-before", box.scrollLeft > 1);
      frame.classList.toggle("more-after", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
      frame.style.setProperty("--gutter", `${box.offsetWidth - box.clientWidth}px`);
      if (first) frame.style.setProperty("--stuck", `${first.offsetWidth}px`);
    };
    box.addEventListener("scroll", show, { passive: true });
    for (const part of [box, ...box.children]) frames.set(part, show);
  }
  const sizes = new ResizeObserver((entries) => {
    for (const entry of entries) frames.get(entry.target)();
  });
  for (const part of frames.keys()) sizes.observe(part);

  // ---- links lead into what is folded, and to right under the bar ------------------------------
  const bar = document.querySelector(".contents");
  new ResizeObserver(() => {
    root.style.setProperty("--bar", `${bar.offsetHeight}px`);
  }).observe(bar);
  const land = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    root.style.setProperty("--bar", `${bar.offsetHeight}px`);
    show(target);
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (table?.contains(target)) {
      const box = table.parentElement;
      box.scrollTop = target.offsetTop - table.tHead.offsetHeight;
      box.scrollIntoView();
    } else {
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", land);
  for (const link of document.querySelectorAll('a[href^="#"]')) {  // a link to where one is already
    link.addEventListener("click", () => { if (link.hash === location.hash) land(); });
  }
  land();
  addEventListener("load", () => requestAnimationFrame(land));  // after the browser went there

  // ---- all divergences at once -----------------------------------------------------------------
  const unfold = document.getElementById("unfold");
  if (unfold) {
    unfold.hidden = false;
    unfold.addEventListener("click", (event) => {
      if (event.target.tagName !== "BUTTON") return;
      for (const details of document.querySelectorAll("#wrong details")) details.open = Boolean(event.target.value);
    });
  }

  // ---- copying, printing -----------------------------------------------------------------------
  if (navigator.clipboard) {
    for (const command of document.querySelectorAll(".command")) {
      const code = command.querySelector("code");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", `Copy ${code.textContent}`);
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      command.append(button);
    }
  }
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details[data-print]:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
})();
