"use strict";
// The verdicts on the claims of a study.

/** Write a study's claims into a list. */
function fillVerdicts(list, claims, study) {
  const mine = claims.filter((claim) => claim.study === study);
  list.replaceChildren(
    ...mine.map((claim) => {
      const item = document.createElement("li");
      const verdict = document.createElement("strong");
      verdict.textContent = claim.verdict + (claim.exploratory ? ", exploratory" : "");
      verdict.className = claim.verdict.replace(" ", "-");
      const numbers = document.createElement("span");
      numbers.className = "quiet";
      numbers.textContent = claimNumbers(claim);
      item.append(`${claim.id} `, verdict, ` ${claim.statement} `, numbers);
      return item;
    })
  );
  return mine.length;
}

function claimNumbers(claim) {
  if (claim.verdict === "not tested") return `(${claim.reason})`;
  // Differences of accuracies are exact to a millionth; what is smaller is rounding.
  const exact = (value) => (claim.unit === "points" ? Number(value.toFixed(7)) : value);
  const short = (value) => String(Number(exact(value).toPrecision(4)));
  const written = (value) => (value === null ? "–" : short(value)).replace("-", "−");
  const margin = written(claim.margin) + (claim.tolerance === null ? "" : ` ± ${written(claim.tolerance)}`);
  const unit = claim.unit ? ` ${claim.unit}` : "";
  const onNew = claim.new_low === null ? "" : `, on new images ${written(claim.new_low)} to ${written(claim.new_high)}`;
  return (
    `Estimate ${written(claim.estimate)}${unit}, interval ${written(claim.ci_low)} to ` +
    `${written(claim.ci_high)}${onNew}, margin ${margin}, n = ${claim.n}: ${claim.reason}. ` +
    `From: ${claim.origin}.`
  );
}
