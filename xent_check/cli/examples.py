"""The examples in each command's --help."""

from __future__ import annotations

# The words after `xent-check NAME`, and what they are for; the second may be empty.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "run": (
        ("cases/a.yaml::first -i torch -v", "one case, by torch"),
        ("corpus:forum -k 'binary or sparse'", "cases of the package"),
        ("-i mine.py:loss", "your own function"),
        ("--baseline baseline.json", "what has changed"),
    ),
    "check": (
        ("", "the folder cases"),
        ("cases/a.yaml 'tests/**/*.yaml'", "a file and a pattern"),
    ),
    "accept": (
        ("--baseline baseline.json", "of the folder cases"),
        ("-k sparse --baseline baseline.json --because 'keras clips'", ""),
    ),
    "compare": (
        ("before.json after.json", "of run --report json=FILE"),
        ("before.json after.json --fail-on new,drift:2x", ""),
    ),
    "judge": (
        ("run.json --tolerance auto", "under another tolerance"),
        ("run.json --report html=page.html", "another format"),
    ),
    "merge": (
        ("1.json 2.json --report json=both.json", "of run --shard"),
        ("linux.json mac.json --baseline baseline.json", ""),
    ),
    "explain": (
        ("case.yaml", "whatever diverges in it"),
        ("case.yaml -i keras -i torch", "why these two differ"),
        ("case.yaml --observed '0.8'", "what somebody printed"),
        ("case.yaml --steps --sample 1", "worked out by hand"),
    ),
    "mutate": (
        ("", "the folder cases"),
        ("cases/a.yaml -v", "what is caught too"),
        ("-i labels-in-int8 -i torch", "these bugs"),
        ("--fail-under 90", "in CI"),
    ),
    "fuzz": (
        ("-i mine.py:loss --seconds 60", "your own function"),
        ("-i torch --loss binary --option pos_weight", ""),
        ("--examples 500 --seed 1 --declare", "the default set"),
    ),
    "sweep": (
        ("binary --dtype float16 -i torch", "both labels"),
        ("binary --range -10 10 --resume", ""),
    ),
    "atlas": (
        ("", "what ships"),
        ("sweeps/ --report html=atlas.html", "a page"),
    ),
    "calibrate": (
        ("-i torch --dtype float32", "16 million numbers"),
        ("--stride 1 --report json=all.json", "all: hours"),
    ),
    "repro": (
        ("case.yaml -i keras -o repro.py", "a script"),
        ("case.yaml -i torch --format markdown", "an issue around it"),
    ),
    "eval": (
        ("--loss sparse_categorical --logits '[1, 2, 3]' --labels 2", ""),
        ("--loss binary --probs 0.2 --labels 1 --observed 0.699", ""),
        ("--loss categorical --logits @x.npy --labels @y.npy", ""),
    ),
    "impls": (
        ("-v", "what each supports"),
        ("--python 'torch[old]=.venv-old'", "what that one has"),
        ("--report json", "for programs"),
    ),
    "schema": (
        ("> case.schema.json", "of the case file"),
        ("--result > result.schema.json", "of run --report json"),
    ),
    "init": (
        ("", "writes xent-case.yaml"),
        ("cases/first.yaml --force", "over one that is there"),
    ),
}


def epilog(command: str) -> str:
    """The examples of a command, as click shows them unwrapped."""
    typed = [f"  xent-check {command} {words}".rstrip() for words, _ in EXAMPLES[command]]
    abouts = [f"# {about}" if about else "" for _, about in EXAMPLES[command]]
    width = max([len(t) for t, about in zip(typed, abouts, strict=True) if about], default=0)
    lines = [f"{t:<{width}}  {about}".rstrip() for t, about in zip(typed, abouts, strict=True)]
    return "\n".join(["\b", "Examples:", *lines])
