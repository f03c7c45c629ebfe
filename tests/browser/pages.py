"""Opens pages that fanin writes in a real browser and holds them to what they promise.

    python3 tests/browser/pages.py [--fanin target/debug/fanin] [--shots DIR]

Needs a Chromium (Debian's package), Python's playwright and npm's axe-core; where one of them is
missing it says so and ends with 0, so that a checkout without a browser can run everything else.
For every page: no error on the console, no request to any network, no violation that axe-core finds
in light and in dark, content and static pictures without scripts, whose letters are large enough and
do not lie on one another, controls that change numbers, in browsers that cannot unpack as well, and
pictures of the page at 1280 and 390 pixels.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

CHROMIUM = ["chromium", "chromium-browser", "google-chrome"]
HOSTILE = "<script>alert(1)</script>"
WIDTHS = [1280, 390]
LEAST_LETTER = 11.5
MANY = ["zeros", *(f"normal:0.{n:02}" for n in range(2, 14)), "he-normal", "xavier-uniform", "orthogonal"]

PAGES = {
    "sick": ["check", "64 -> 10x64 relu -> 10", "--scheme", "torch-default", "--seeds", "2"],
    "zeros": ["check", "64 -> 2x64 tanh -> 10", "--scheme", "zeros"],
    "deep": ["check", "64 -> 60x32 tanh -> 10", "--scheme", "xavier-uniform", "--seeds", "2"],
    "race": ["compare", "--depths", "2,6", "--width", "32", "--epochs", "4", "--seeds", "2"],
    "many": ["compare", "64 -> 16 tanh -> 10", "--schemes", ",".join(MANY), "--epochs", "2", "--seeds", "2"],
    "zero": ["explain", "zero", "--quick"],
    "scale": ["explain", "scale", "--quick"],
    "depth": ["explain", "depth", "--quick"],
    "fan-in": ["explain", "fan-in", "--quick"],
    "data": ["explain", "data", "--quick"],
    "theory": ["theory", "--activation", "gelu", "--depth", "30"],
    "blocks": ["theory", "--network", "residual", "--branch", "0.2"],
    "attention": ["theory", "--network", "attention", "--depth", "24"],
    "repair": ["fix", "64 -> 6x32 tanh -> 10", "--scheme", "normal:0.01", "--no-proof"],
    "run": ["train", "64 -> 32 tanh -> 10", "--epochs", "3"],
}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(0)


def axe_source(folder):
    """axe-core as text, fetched by npm into a folder that vanishes."""
    if not shutil.which("npm"):
        skip("npm is not installed, by which axe-core is fetched")
    done = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "axe-core@4"],
        cwd=folder, capture_output=True, text=True,
    )
    if done.returncode:
        skip(f"axe-core cannot be fetched: {done.stderr.strip()[:200]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


NAMES = {"title", "subtitle", "lead", "caption", "name", "label", "note", "text", "value", "word", "fix"}


def poisoned(value, key=""):
    """A report with hostile texts in all places where names from files or users could stand."""
    if isinstance(value, dict):
        return {name: poisoned(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        inside = "name" if key in {"values", "head", "rows", "names"} else key if key == "name" else ""
        return [poisoned(inner, inside) for inner in value]
    return HOSTILE + value if isinstance(value, str) and key in NAMES else value


def write_pages(fanin, folder, only):
    """One page for each command, and one whose names are hostile."""
    wanted = only.split(",") if only else [*PAGES, "hostile"]
    for name, arguments in PAGES.items():
        if name not in wanted:
            continue
        page = folder / f"{name}.html"
        done = subprocess.run(
            [fanin, *arguments, "--report", page], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode in (0, 1), (name, done.stderr)
    if "hostile" not in wanted:
        return wanted
    saved = folder / "saved.json"
    subprocess.run(
        [fanin, *PAGES["zeros"], "--report", saved], cwd=folder, capture_output=True, check=False
    )
    report = poisoned(json.loads(saved.read_text()))
    report["title"] = HOSTILE + '"\' ' + "x" * 10_000 + " \u202eright to left \u05d0\u05d1"
    report["verdict"]["why"] = report["sections"][0]["title"] = HOSTILE
    report["sections"][0]["blocks"].append({"block": "text", "text": "</script>" + HOSTILE})
    saved.write_text(json.dumps(report))
    subprocess.run([fanin, "report", saved, "--output", folder / "hostile.html"], check=True, cwd=folder)
    return wanted


class Watched:
    """A page with what it said and asked for."""

    def __init__(self, browser, file, prepare="", **options):
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.add_init_script(prepare)
        self.wrong = []
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append("a dialog"), dialog.dismiss()))
        self.page.on("request", self.asked)
        started = time.monotonic()
        self.page.goto(file.as_uri())
        self.seconds = time.monotonic() - started

    def asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"asked for {request.url}")

    def close(self):
        assert not self.wrong, self.wrong
        self.context.close()


def scroll(page):
    """Shows every chart: they are drawn when they come near."""
    page.evaluate("""async () => {
        for (let y = 0; y < document.body.scrollHeight; y += 500) {
            scrollTo(0, y); await new Promise(done => setTimeout(done, 30));
        }
        scrollTo(0, 0);
    }""")


def check_axe(page, axe, name):
    """Contrast, names, roles: by axe-core, which a page's own policy does not hold off here."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [
        (v["id"], v["help"], [n["target"] for n in v["nodes"]][:3], v["nodes"][0].get("failureSummary"))
        for v in found["violations"]
    ]
    assert not told, (name, told)


STATE = """figure => [figure.querySelector('.facts')?.textContent, figure.querySelector('.drawing').innerHTML,
    figure.querySelector('canvas')?.toDataURL()].join()"""
IS_DRAWN = """figure => {
    const figures = JSON.parse(document.querySelector('script[type="application/json"]').textContent);
    return figures[figure.dataset.figure].kind !== 'line-chart' || figure.querySelector('canvas') !== null;
}"""


def comes(tell, seconds=10):
    """Whether it comes true soon: pages answer in their own time, on a busy machine too."""
    end = time.monotonic() + seconds
    while not tell():
        if time.monotonic() > end:
            return False
        time.sleep(0.03)
    return True


def set_otherwise(page, control):
    """Gives a control another value, by keys as far as there are keys for it."""
    kind = control.evaluate("c => c.type === 'range' ? c.type : c.localName")
    if kind == "range":
        control.focus()
        page.keyboard.press("Home" if control.evaluate("c => c.value === c.max") else "End")
    elif kind == "fieldset":
        control.locator("input:checked").focus()
        page.keyboard.press("ArrowRight")
    else:
        last = control.locator("option").count() - 1
        control.select_option(index=0 if control.evaluate("c => c.selectedIndex") == last else last)


def check_controls(page, name):
    """Every control changes the numbers beside its picture, or the picture."""
    changed = 0
    for figure in page.locator("figure:has([data-control])").all():
        figure.scroll_into_view_if_needed()
        assert comes(lambda: figure.evaluate(IS_DRAWN)), (name, "not drawn")
        for control in figure.locator("[data-control]").all():
            before = figure.evaluate(STATE)
            set_otherwise(page, control)
            title = figure.locator("figcaption strong").inner_text()
            assert comes(lambda: figure.evaluate(STATE) != before), (name, title, control.inner_text())
            changed += 1
            if name != "hostile":
                check_letters(figure, name)
    return changed


def check_plane(page, name):
    """The point of the plane moves by keys, and its numbers with it."""
    handle = page.locator("circle.handle")
    if not handle.count():
        return
    facts = page.locator("figure[data-figure]:has(circle.handle) .facts")
    before = facts.inner_text()
    handle.first.scroll_into_view_if_needed()
    handle.first.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert comes(lambda: facts.inner_text() != before), (name, "the point of the plane")


LETTERS = """figure => [...figure.querySelectorAll(".drawing > svg")].flatMap(svg => {
    if (!svg.getClientRects().length) return [];
    const scale = svg.getScreenCTM().a, frame = figure.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter(text => text.textContent.trim());
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    const small = texts.map(text => [text.textContent, parseFloat(getComputedStyle(text).fontSize) * scale])
        .filter(([, size]) => size < LEAST);
    const outside = boxes.filter(([, box]) => box.left < frame.left - 3 || box.right > frame.right + 3);
    const together = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.3 * Math.min(a.height, b.height);
    const upon = boxes.flatMap(([one, a], at) => boxes.slice(at + 1)
        .filter(([, b]) => together(a, b)).map(([other]) => one + " lies on " + other));
    return [...small.map(String), ...outside.map(([text]) => text + " is outside"), ...upon];
})""".replace("LEAST", str(LEAST_LETTER))


def check_letters(figure, name):
    """Letters of a drawing are large enough, inside of it, and not on one another."""
    wrong = figure.evaluate(LETTERS)
    assert not wrong, (name, figure.locator("figcaption strong").inner_text(), wrong[:6])


def check_many(page, name):
    """Where lines are too many for colors, keys bring out one after another, and say which."""
    chart = page.locator(".chart:has(.u-legend.many)")
    if not chart.count():
        return
    chart.first.scroll_into_view_if_needed()
    chart.first.focus()
    said = page.locator("figure:has(.u-legend.many) .say").first
    for _ in range(3):
        before = said.inner_text()
        page.keyboard.press("ArrowDown")
        assert comes(lambda: said.inner_text() != before), (name, "no line is brought out")
        lit = page.locator(".u-legend .lit .u-label").first.inner_text()
        assert said.inner_text().startswith(lit), (name, lit, said.inner_text())


def check_keyboard(page, name):
    """Tab reaches a visible element each time, and the first is the way to the content."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", name
    for _ in range(25):
        page.keyboard.press("Tab")
        box = page.evaluate("(() => { const b = document.activeElement.getBoundingClientRect();"
                            " return b.width * b.height; })()")
        assert box > 0, (name, page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))


def check_without_scripts(browser, file, name):
    """Texts, tables and static pictures are there, and can be read."""
    for width in WIDTHS:
        size = {"width": width, "height": 900}
        watched = Watched(browser, file, java_script_enabled=False, viewport=size)
        drawings = watched.page.locator(".drawing > svg")
        figures = watched.page.locator("figure")
        assert drawings.count() == figures.count(), (name, drawings.count(), figures.count())
        if figures.count():
            assert drawings.first.is_visible(), name
        if name != "hostile":
            for figure in figures.all():
                check_letters(figure, f"{name} {width}")
        assert watched.page.locator("h1").is_visible(), name
        watched.close()


def check_without_unpacking(browser, file, name):
    """Controls change drawings in browsers that cannot unpack gzip, too."""
    watched = Watched(browser, file, viewport={"width": max(WIDTHS), "height": 900}, reduced_motion="reduce",
                      prepare="delete window.DecompressionStream")
    assert not watched.page.evaluate("'DecompressionStream' in window")
    check_controls(watched.page, name)
    watched.close()


def check_look(browser, file, name, axe, shots, width):
    """Nothing is wider than the window; in light and in dark, axe-core finds nothing."""
    size = {"width": width, "height": 900}
    watched = Watched(browser, file, viewport=size, color_scheme="light", reduced_motion="reduce")
    page = watched.page
    check_keyboard(page, name)
    scroll(page)
    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (name, scheme, width, wide)
        if shots:
            page.screenshot(path=shots / f"{name}-{scheme}-{width}.png", full_page=True)
        if width == max(WIDTHS):
            check_axe(page, axe, f"{name} {scheme}")
    watched.close()
    return watched.seconds


def check_changes(browser, file, name):
    """Controls, the point of the plane, and the button for light and dark."""
    size = {"width": max(WIDTHS), "height": 900}
    watched = Watched(browser, file, viewport=size, reduced_motion="reduce")
    changed = check_controls(watched.page, name)
    check_plane(watched.page, name)
    check_many(watched.page, name)
    paper = "getComputedStyle(document.body).backgroundColor"
    before = watched.page.evaluate(paper)
    watched.page.locator(".top button").click()
    assert comes(lambda: watched.page.evaluate(paper) != before), (name, "light and dark")
    watched.close()
    return changed


def check(browser, folder, name, axe, shots):
    file = folder / f"{name}.html"
    assert file.stat().st_size < 2_000_000, (name, file.stat().st_size)
    seconds = [check_look(browser, file, name, axe, shots, width) for width in WIDTHS]
    changed = check_changes(browser, file, name)
    check_without_scripts(browser, file, name)
    if changed:
        check_without_unpacking(browser, file, name)
    kilobytes = file.stat().st_size // 1000
    print(f"{name}: {kilobytes} kB, opens in {min(seconds) * 1000:.0f} ms, {changed} controls")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fanin", default="target/debug/fanin")
    parser.add_argument("--only", help="names of pages, with commas; all without it")
    parser.add_argument("--shots", type=pathlib.Path, help="folder for pictures of the pages")
    given = parser.parse_args()
    chromium = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if not chromium:
        skip("no Chromium is installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip("playwright is not installed (pip install playwright)")
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = pathlib.Path(folder)
        axe = axe_source(folder)
        names = write_pages(str(pathlib.Path(given.fanin).resolve()), folder, given.only)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in names:
            check(browser, folder, name, axe, given.shots)
        browser.close()


if __name__ == "__main__":
    main()
