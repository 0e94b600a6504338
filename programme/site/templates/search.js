// Looks a product up, without a server: all words must be found in its name, developer, class, ID, versions or identities.
(() => {
  const MOST = 50;
  const products = window.dtsecProducts ?? [];
  const form = document.getElementById("search");
  const field = document.getElementById("q");
  const found = document.getElementById("found");
  const count = document.getElementById("count");
  const all = document.getElementById("all");
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const index = products.map((one) => plain(one.flat().join(" ")));
  const cell = (name, label, ...inside) => {
    const cell = document.createElement(name);
    if (label) cell.dataset.label = label; else cell.scope = "row";
    cell.append(...inside);
    return cell;
  };
  const row = ([id, product, developer, group, tone, text, versions]) => {
    const link = document.createElement("a");
    link.href = "entries/" + id + ".html";
    link.textContent = product;
    const state = document.createElement("span");
    state.className = "state " + tone;
    state.textContent = text;
    const row = document.createElement("tr");
    row.append(cell("th", "", link), cell("td", "State", state), cell("td", "Versions", versions.slice(-3).reverse().join(", ")),
      cell("td", "Developer", developer), cell("td", "Class", group));
    return row;
  };
  const look = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    const asked = words.length > 0;
    all.hidden = asked;
    found.hidden = !asked;
    found.replaceChildren();
    if (!asked) { count.textContent = ""; return; }
    const hits = products.filter((_, at) => words.every((word) => index[at].includes(word)));
    count.textContent = hits.length === 0
      ? "Nothing is found. Try fewer letters. A product that is not here has not been evaluated."
      : hits.length === 1 ? "One product" : hits.length + " products" + (hits.length > MOST ? ", the first " + MOST : "");
    if (hits.length === 0) return;
    const table = document.createElement("table");
    table.className = "list";
    const head = table.createTHead().insertRow();
    for (const name of ["Product", "State", "Versions", "Developer", "Class"]) {
      const one = document.createElement("th");
      one.scope = "col";
      one.textContent = name;
      head.append(one);
    }
    table.createTBody().append(...hits.slice(0, MOST).map(row));
    found.append(table);
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", look);
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) field.value = asked;
  look();
})();
