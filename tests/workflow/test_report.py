"""The report of a run in a real browser."""

import time

import pandas as pd

from tests.helpers.workplace import RUN, Workplace

FIGURES = {"accuracy_sparsity", "noise_curves", "mask_overlap", "cost_accuracy"}


def test_the_report_opens_alone_and_begins_with_the_verdicts(workplace: Workplace, chromium):
    done = workplace.make("report")
    assert done.status == 0, done.output
    assert f"report: {RUN}/report.html" in done.output

    chromium.open(workplace.root / RUN / "report.html")
    chromium.wait(lambda: chromium.run("return document.querySelector('.prose h1') !== null"))
    time.sleep(0.5)  # its graph of rules is drawn later
    # Tailwind reminds its authors of itself; anything else is a fault.
    assert [each for each in chromium.complaints() if "cdn.tailwindcss.com" not in each] == []
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0

    top = chromium.run("return document.querySelector('.prose h1').getBoundingClientRect().top")
    assert top >= 0  # Snakemake's own style would cut it off
    text = chromium.find(".prose").text
    verdicts = pd.read_csv(workplace.root / RUN / "claims.csv")
    for claim in verdicts.itertuples():
        assert f"{claim.id} {claim.verdict}: {claim.statement}" in text
        estimate = f"{claim.estimate:.4g}".replace("-", "−")
        assert f"({claim.origin}) {estimate} {claim.unit} (" in text
    chromium.photograph("report")

    results = chromium.run("return Object.keys(results)")
    assert {path for path in results if path.endswith(".svg")} == {
        f"{RUN}/forest.svg",
        *(f"{RUN}/graves/figures/{figure}.svg" for figure in FIGURES),
    }
    for path in results:
        chromium.run("app.showResultInfo(arguments[0])", path)
        chromium.wait(lambda path=path: path.split("/")[-1].split(".")[0] in chromium.body())
        caption = chromium.wait(lambda: chromium.find(".prose").text)
        assert len(caption) > 100, path
        assert "{{" not in caption
    chromium.photograph("report_caption")
    assert [each for each in chromium.complaints() if "cdn.tailwindcss.com" not in each] == []
