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
    form.hidden = false;
    if (location.hash.includes("=")) recall();
    addEventListener("hashchange", () => { if (location.hash.includes("=")) recall(); });
  }

  // ---- links lead into what is folded ----------------------------------------------------------
  const land = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    show(target);
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", land);
  land();

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
