"""Measuring in the reader's browser: to the end, with the right answers, and nothing sent; stopped; refused with words.

A small site with two tiny models stands for the whole one: what is tested is the page, its scripts and its record.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.assets.asset import asset
from generator.assets.fetch import fetch
from generator.browser.kit import CHOICES, RUNTIME, VERSION, Array, Engine, Group, Kit, Model
from generator.browser.record import RULES, load_browser_record, speedups
from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError
from generator.pages import on_device
from generator.pages.edition import pages
from generator.results.collection import collected
from generator.results.findings import analyse
from generator.site.build import build_site
from generator.site.staging import Page
from tests.pages import imaginary
from tests.site.test_site_build import checkout
from tests.site.test_site_build import pages as other_pages

from .conftest import DESKTOP, HERE, PHONE, REPOSITORY, BuiltSite, Visit, served, watch
from .test_reading import AXE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

QUICK = replace(RULES, least_blocks=2, most_blocks=3, block_ns=40_000_000, least_cycles=2, warm_up_least_ns=20_000_000)
"""As few blocks as an interval takes: what is tested is not its width."""

SIDE, CLASSES = 32, 10

Open = Callable[..., Visit]


def tiny(folder: Path, channels: int) -> Path:
    """A small convolutional network with seeded weights."""
    onnx = pytest.importorskip("onnx")
    helper, numbers = onnx.helper, np.random.default_rng(0)

    def constant(name: str, *shape: int) -> Any:
        return onnx.numpy_helper.from_array(numbers.normal(0, 0.2, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"]),
    ]
    weights = [constant("k", channels, 3, 3, 3), constant("w", channels, CLASSES), constant("b", CLASSES)]
    shapes = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 3, SIDE, SIDE]), ("y", [1, CLASSES]))
    ]
    graph = helper.make_graph(nodes, "tiny", shapes[:1], shapes[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / f"tiny{channels}.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def group(cache: Path) -> Group:
    """Two networks, of which the second one does a quarter of the work, in the places of the published ones."""
    ort = pytest.importorskip("onnxruntime")
    choice, measurement = CHOICES[0], imaginary.measurement()
    folder = cache / "models"
    folder.mkdir()
    samples = [np.random.default_rng(seed).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32) for seed in (1, 2)]
    models = []
    for name, channels in zip(choice.variants, (64, 16), strict=True):
        path = tiny(folder, channels)
        session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        answers = [session.run(None, {"x": sample})[0] for sample in samples]
        models.append(
            Model(
                variant=name,
                precision=measurement.variant(name).precision,
                sha256=file_sha256(path),
                size_bytes=path.stat().st_size,
                cached=path.relative_to(cache).as_posix(),
                outputs=tuple((Array.of("y", answer),) for answer in answers),
            )
        )
    return Group(
        version=VERSION,
        measurement=choice.measurement,
        workload=choice.workload,
        definition_sha256=measurement.fingerprint(),
        stamp="c" * 64,
        native=ort.__version__,
        models=tuple(models),
        samples=tuple((Array.of("x", sample),) for sample in samples),
    )


def site_pages(kit: Kit, cache: Path) -> Iterator[Page]:
    """The page with all that it needs, among stand-ins for the others."""
    found = collected([analyse(imaginary.measurement(), imaginary.record())])
    ours = [one for one in pages(found, [imaginary.measurement()], cache, kit=kit) if one.path.startswith("on-device/")]
    stand_in = "measurements/quantization-image/index.md"
    for one in (*other_pages(), *(Page(name, stand_in, b"# x\n") for name in ("ru", "en"))):
        if not one.path.startswith("on-device/"):
            yield one
    yield from ours


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The site behind a plain static server, which sends no header of ours."""
    home = tmp_path_factory.mktemp("on-device")
    try:
        script, binary, gpu_script, gpu_binary = fetch(asset(RUNTIME), Cache.default(REPOSITORY))
    except AssetError as error:
        pytest.skip(f"the runtime cannot be fetched: {error}")
    kit = Kit("1.30.0", Engine(script, binary), Engine(gpu_script, gpu_binary), (group(home),), home)
    (home / "www").mkdir()
    with served(home / "www") as found, pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_device, "RULES", QUICK)
        written = list(site_pages(kit, home / "charts"))
        build_site(written, checkout(home / "root"), site_url=found.address, target=found.folder)
        yield found


@pytest.fixture
def visit(browser: Any, built: BuiltSite) -> Iterator[Open]:
    """Opens the page, and fails the test at its end for whatever went wrong on the way."""
    contexts, visits = [], list[Visit]()

    def open_page(name: str, script: str = "", size: tuple[int, int] = DESKTOP, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        made = Visit(context.new_page())
        visits.append(made)
        watch(made, built.address)
        made.page.goto(built.address + name, wait_until="load")
        return made

    yield open_page
    for context in contexts:
        context.close()
    assert [problem for one in visits for problem in one.problems] == []


def words(page: Any) -> dict[str, str]:
    found: dict[str, str] = json.loads(page.locator(".on-device").get_attribute("data-words"))
    return found


def start(page: Any) -> None:
    page.locator(".on-device button").first.click()


def status(page: Any) -> Any:
    return page.locator(".on-device__status")


def wait_for_status(page: Any, text: str, seconds: int = 120) -> None:
    page.wait_for_function(
        "text => document.querySelector('.on-device__status').textContent === text", arg=text, timeout=seconds * 1000
    )


@pytest.mark.parametrize(("name", "size"), [("on-device/", PHONE), ("en/on-device/", DESKTOP)], ids=["ru", "en"])
def test_it_runs_to_the_end_and_saves_a_record(visit: Open, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    """Answers equal native ONNX Runtime's, Python reads the record, and finds the ratio that the page shows."""
    page = visit(name, size=size, accept_downloads=True).page
    say = words(page)
    start(page)
    wait_for_status(page, say["done"])
    assert not page.locator(".on-device__error").is_visible()
    results = page.locator(".on-device__results section")
    assert results.count() == 1
    assert results.locator("svg[role=img]").count() == 1
    with page.expect_download() as download:
        results.locator("button").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    record = load_browser_record(path)
    assert path.stem == record.record_id
    assert all(one.largest_difference_ppb < 1_000_000 for one in record.variants)
    assert record.browser.timer_resolution_ns > 0
    found = speedups(record)["onnxruntime-int8-static"]
    shown = results.locator("tbody tr").first.locator("td.num").inner_text()
    numbers = [float(one.replace(",", ".")) for one in re.findall(r"\d+[.,]\d+", shown)]
    ends = [found.mean, found.mean - found.half_width, found.mean + found.half_width]
    assert numbers == [pytest.approx(float(np.exp(end)), abs=0.0501) for end in ends]
    published = json.loads(page.locator(".on-device").get_attribute("data-kit"))["groups"][0]["published"]
    assert published[0]["sentence"] in results.inner_text()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_nothing_is_loaded_before_the_click_and_nothing_is_sent(visit: Open) -> None:
    """After it, the runtime, the models and their inputs, by plain reading."""
    page = visit("on-device/").page
    asked: list[Any] = []
    page.wait_for_timeout(1000)  # the search worker has loaded its own
    names = page.evaluate("() => performance.getEntriesByType('resource').map(one => one.name)")
    assert not [
        name for name in names if re.search(r"\.(wasm|onnx)$|/on-device/[^/]*$", name) and "/assets/" not in name
    ]
    page.on("request", lambda request: asked.append(request))
    start(page)
    wait_for_status(page, words(page)["done"])
    assert {one.method for one in asked} == {"GET"}
    assert {one.post_data for one in asked} == {None}
    endings = sorted(Path(one.url).suffix for one in asked if "/on-device/" in one.url and "/assets/" not in one.url)
    assert endings.count(".wasm") == 1
    assert endings.count(".onnx") == 2
    assert endings.count(".json") == 1


def test_it_can_be_stopped_and_begun_again(visit: Open) -> None:
    """In the middle of a block; the page says so and offers the button again."""
    page = visit("en/on-device/").page
    say = words(page)
    start(page)
    page.wait_for_function(
        "() => document.querySelector('.on-device__detail').textContent.includes('Block')", timeout=60_000
    )
    page.locator(".on-device button").nth(1).click()
    wait_for_status(page, say["stopped"], 10)
    assert page.locator(".on-device__results section").count() == 0
    assert page.locator(".on-device button").first.is_visible()
    assert say["loaded"] in page.locator(".on-device__size").inner_text()
    start(page)
    wait_for_status(page, say["done"])


@pytest.mark.parametrize(
    ("name", "size", "scheme"),
    [("on-device/", PHONE, "dark"), ("en/on-device/", DESKTOP, "light")],
    ids=["ru-phone-dark", "en-desktop-light"],
)
def test_it_is_used_by_keyboard_and_read_aloud(
    visit: Open, npm_tools: Path, name: str, size: tuple[int, int], scheme: str
) -> None:
    """The button that appears has the focus, few things are said aloud, and axe-core objects to nothing, ever."""
    page = visit(name, size=size, color_scheme=scheme, reduced_motion="reduce").page
    axe = (npm_tools / "axe-core" / "axe.min.js").read_text("utf-8")
    page.evaluate(axe)  # from outside, or the page's policy would refuse it

    def objections() -> list[str]:
        return [
            f"{one['id']}: {node['html'][:200]}" for one in page.evaluate(AXE)["violations"] for node in one["nodes"]
        ]

    assert objections() == []
    page.evaluate("""() => {
      const status = document.querySelector('.on-device__status')
      window.said = []
      new MutationObserver(() => window.said.push(status.textContent)).observe(status, { childList: true })
    }""")
    say, buttons = words(page), page.locator(".on-device button").all()
    first, second = buttons[:2]
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.on-device__detail').textContent !== ''", timeout=60_000)
    assert second.evaluate("button => button === document.activeElement")
    assert objections() == []
    wait_for_status(page, say["done"])
    assert first.evaluate("button => button === document.activeElement")
    assert objections() == []
    (title,) = (one["title"] for one in json.loads(page.locator(".on-device").get_attribute("data-kit"))["groups"])
    said = [one for one in page.evaluate("window.said") if one]
    assert said == [say["loading"], say["measuring"].replace("{title}", title), say["done"]]


def test_the_pages_html_is_valid(built: BuiltSite, npm_tools: Path) -> None:
    """By html-validate, as the other pages are."""
    command = ["node", str(npm_tools / "html-validate" / "bin" / "html-validate.mjs"), "--formatter", "json"]
    pages = [str(built.folder / name / "index.html") for name in ("on-device", "en/on-device")]
    command += ["--config", str(HERE / "htmlvalidate.json"), *pages]
    done = subprocess.run(command, cwd=npm_tools.parent, capture_output=True, text=True, timeout=120)
    assert [f"{one['line']}: {one['message']}" for file in json.loads(done.stdout) for one in file["messages"]] == []


def test_the_page_stays_alive(visit: Open) -> None:
    """Its own thread has nothing to compute: a clock that ticks every 20 ms is never late by a second."""
    page = visit("en/on-device/").page
    page.evaluate("""() => {
      let before = performance.now()
      window.latest = 0
      setInterval(() => { const now = performance.now(); window.latest = Math.max(window.latest, now - before); before = now }, 20)
    }""")
    start(page)
    wait_for_status(page, words(page)["done"])
    assert page.evaluate("window.latest") < 1000


@pytest.mark.parametrize("name", ["on-device/", "en/on-device/"])
def test_an_old_browser_gets_a_sentence(visit: Open, name: str) -> None:
    """Without SIMD in WebAssembly there is no button."""
    page = visit(name, "WebAssembly.validate = () => false").page
    wait_for_status(page, words(page)["too_old"], 10)
    assert not page.locator(".on-device button").first.is_visible()


def test_wrong_answers_are_told(visit: Open) -> None:
    """An engine that computes something else is found out, though it is fast."""
    page = visit("en/on-device/", "const log = Math.abs; Math.abs = value => log(value) + 1").page
    start(page)
    wait_for_status(page, words(page)["done"])
    assert words(page)["differs"].split(": ")[1].split("{")[0] in page.locator(".on-device__results").inner_text()


def test_a_file_that_is_gone_is_told(visit: Open) -> None:
    """A failed download ends with words, and the button comes back."""
    opened = visit("en/on-device/")
    page = opened.page
    page.route("**/*.onnx", lambda route: route.abort())
    start(page)
    error = page.locator(".on-device__error")
    error.wait_for(state="visible", timeout=60_000)
    assert error.inner_text().startswith(words(page)["failed"].split("{")[0])
    assert page.locator(".on-device button").first.is_visible()
    opened.problems.clear()


def test_without_scripts_the_page_says_what_it_would_do(visit: Open) -> None:
    page = visit("on-device/", java_script_enabled=False).page
    assert status(page).inner_text() == words(page)["needs"]
    assert page.locator("#what").count() == 1
    assert not page.locator(".on-device button").first.is_visible()


def test_only_this_page_may_compile_webassembly(visit: Open) -> None:
    page = visit("on-device/").page
    policy = "() => document.querySelector('meta[http-equiv=Content-Security-Policy]').content"
    assert "'wasm-unsafe-eval'" in page.evaluate(policy)
    page = visit("").page
    assert "wasm" not in page.evaluate(policy)


@pytest.mark.parametrize(
    ("adapter", "there"),
    [
        pytest.param("null", False, id="none"),
        pytest.param("{ info: { isFallbackAdapter: true } }", False, id="software"),
        pytest.param("{ isFallbackAdapter: true, info: {} }", False, id="software, older browsers"),
        pytest.param("{ info: {} }", True, id="real"),
    ],
)
def test_a_graphics_adapter_is_used_only_when_it_is_there(visit: Open, adapter: str, there: bool) -> None:
    """An interface without an adapter, or with a software one, is told from a real one when the reader asks for it."""
    gpu = f"{{ requestAdapter: async () => ({adapter}) }}"
    page = visit("en/on-device/", f"Object.defineProperty(navigator, 'gpu', {{ value: {gpu} }})").page
    box, size = page.locator("[name=webgpu]"), page.locator(".on-device__size")
    before = size.inner_text()
    box.click()
    page.wait_for_timeout(200)
    assert box.is_checked() is there
    assert (size.inner_text() != before) is there
    assert (words(page)["no_adapter"] in page.locator(".on-device").inner_text()) is not there
