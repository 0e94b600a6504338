// How fresh the list is. A page that did not change since the list was made still says the newest times, which are in status.js;
// from a server, those of the signed timestamp are newer. None of this is proof: `dtsec list sync` is.
(() => {
  const up = document.currentScript.dataset.up;
  const shown = (time) => time.toISOString().slice(0, 16).replace("T", " ") + " UTC";
  const show = (asOf, freshUntil) => {
    const line = document.getElementById("status");
    line.querySelector("[data-as-of]").textContent = shown(asOf);
    line.querySelector("[data-fresh-until]").textContent = shown(freshUntil);
    const stale = Date.now() >= freshUntil.getTime();
    line.classList.toggle("stale", stale);
    let said = line.querySelector("[data-stale]");
    if (stale && !said) {
      said = document.createElement("span");
      said.dataset.stale = "";
      said.textContent = " This copy is out of date: what became of a product since then is not known. ";
      line.insertBefore(said, line.querySelector("a"));
    } else if (!stale && said) {
      said.remove();
    }
  };
  const status = window.dtsecStatus;
  if (!status) return;
  const asOf = new Date(status.asOf);
  show(asOf, new Date(status.freshUntil));
  if (location.protocol !== "file:") {
    fetch(up + "metadata/timestamp.json").then((answer) => (answer.ok ? answer.json() : null)).then((timestamp) => {
      const expires = new Date(timestamp?.signed?.expires ?? NaN);
      if (!Number.isNaN(expires.getTime())) show(asOf, expires);
    }).catch(() => {});
  }
})();
