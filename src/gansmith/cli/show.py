"""What the terminal shows: the data report, the plan, progress, lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from gansmith.families.family import Family

HEALTH = {"green": "[green]●[/]", "amber": "[yellow]●[/]", "red": "[red]●[/]"}


class Show:
    """Watches a verb and shows what it reports; a context, so that the live display always ends."""

    def __init__(self, quiet: bool = False) -> None:
        from gansmith.cli.progress import Progress

        self.console = Console(highlight=False, stderr=quiet)
        self.quiet = quiet
        self.progress = Progress(self.console)
        self.live = False
        self.bar: ProgressBar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self.read()
        if self.live:
            self.progress.stop()
            self.live = False

    def __call__(self, report: Mapping[str, Any]) -> None:
        if "progress" in report:
            self.reading(*report["progress"])
            return
        self.read()
        if "data" in report and "run" not in report:
            self.data(report["data"])
        elif "heading" in report:
            self.console.print(f"\n[bold]{escape(report['heading'])}[/]")
        elif "warning" in report:
            self.console.print(f"[yellow]warning:[/] {escape(report['warning'])}")
        elif "finished" in report:
            self.stop()
            self.finished(report["finished"], report.get("light"))
        elif "seen" in report:
            if not self.live:
                self.progress.start(report)
                self.live = True
            self.progress.update(report)
        elif "plan" in report:
            self.plan(report)
        elif "run" in report:
            self.console.print(f"resuming {escape(report['run'].path.name)}")

    def reading(self, what: str, done: int, total: int) -> None:
        """A bar on a terminal, silence elsewhere: reading takes seconds, once."""
        if self.bar is None and self.console.is_terminal:
            self.bar = ProgressBar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self.bar.start()
            self.bar.add_task("")
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], description=escape(what), completed=done, total=total)

    def read(self) -> None:
        """The reading is over."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def data(self, report: Any) -> None:
        table = Table(title="data", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
        for heading, text in report.rows():
            table.add_row(f"[bold]{escape(heading)}[/]", escape(text))
        self.console.print(table)
        for name, reason in report.unreadable[:20]:
            self.console.print(f"  [yellow]left out[/] {escape(printable(name))}: {escape(reason)}")
        if len(report.unreadable) > 20:
            self.console.print(f"  ... and {len(report.unreadable) - 20} more (--json lists all)")
        for words in report.warnings:
            self.console.print(f"[yellow]warning:[/] {escape(words)}")

    def plan(self, report: Mapping[str, Any]) -> None:
        from gansmith.verbs.plan import describe

        self.console.print("[bold]plan[/]")
        for line in describe(report["plan"]):
            self.console.print(f"  {escape(line)}")
        if "run" in report:
            self.console.print(f"training in {escape(str(report['run'].path))}, Ctrl-C saves and stops")

    def finished(self, run: Any, light: tuple[str, str] | None = None) -> None:
        from gansmith.verbs.finish import how_to_use

        if light and light[1]:
            self.console.print(f"health: {HEALTH.get(light[0], light[0])} {escape(light[1])}")
        self.console.print(f"done: {escape(str(run.path / 'grid.png'))}")
        self.console.print(f"      {escape(str(run.path / 'report.html'))}")
        kind = run.config()["spec"]["kind"]
        self.console.print(f"next: {escape(how_to_use(run, kind)[0])}")


def show_runs(found: Iterable[Mapping[str, Any]], out: str) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("run", "family", "data", "state", "images"):
        table.add_column(heading)
    for run in found:
        share = f"{run['seen'] / run['total']:.0%}" if run["total"] else ""
        images = f"{run['seen']:,} of {run['total']:,} {share}"
        table.add_row(*(escape(str(text)) for text in (run["name"], run["family"], run["data"], run["state"], images)))
    console = Console(highlight=False)
    if table.rows:
        console.print(table)
    else:
        console.print(f"No runs in {escape(out)}. Begin with: gansmith train DATA")


def show_remedies(found: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """What was done, what came of it, and what could be done."""
    console = Console(highlight=False)
    applied, offered = list(found["applied"]), list(found["offered"])
    for heading, rows, last in (("applied", applied, "outcome"), ("offered", offered, "ailment")):
        if not rows:
            continue
        table = Table(title=heading, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for column in ("id", "what it does", "changes", last):
            table.add_column(column)
        for row in rows:
            changes = ", ".join(f"{name}={value}" for name, value in row["changes"].items())
            table.add_row(*(escape(str(text)) for text in (row["id"], row["words"], changes, row[last])))
        console.print(table)
    if not applied and not offered:
        console.print("Nothing was found that a remedy would help against.")


def show_models(known: Iterable[Family], costs: Mapping[str, float]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "what it is", "data it needs", "paper", "time per image"):
        table.add_column(heading)
    for family in known:
        cost = f"{costs[family.name]:.2g} x dcgan" if family.name in costs else ""
        table.add_row(f"[bold]{family.name}[/]", *map(escape, (family.title, family.data, family.paper, cost)))
    Console(highlight=False).print(table)


def show_settings(family: Family) -> None:
    table = Table(title=f"{family.name}: {family.title}", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("key", "default", "meaning"):
        table.add_column(heading)
    for name, field in family.settings.model_fields.items():
        table.add_row(name, escape(str(field.default)), escape(field.description or ""))
    Console(highlight=False).print(table)


def printable(name: str) -> str:
    """A file name as one line, whatever is in it."""
    return name.encode("unicode_escape" if not name.isprintable() else "utf-8", "replace").decode("utf-8", "replace")
