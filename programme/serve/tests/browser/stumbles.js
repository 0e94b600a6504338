// What a person with a screen reader, a keyboard or weak eyes would stumble over on this page: a list of sentences.
const found = [];
const name = (one) => `<${one.tagName.toLowerCase()}${one.id ? ` id="${one.id}"` : ""}${one.name ? ` name="${one.name}"` : ""}> ${(one.textContent || "").trim().slice(0, 40)}`;
const all = (css) => [...document.querySelectorAll(css)];
const shown = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });

if (!document.documentElement.lang) found.push("the page has no language");
if (!document.title.trim()) found.push("the page has no title");
if (all("main").length !== 1) found.push("there is not one main");
if (all("h1").length !== 1) found.push(`there are ${all("h1").length} first headings`);
if (all("nav:not([aria-label], [aria-labelledby])").length) found.push("a navigation has no name");
let last = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6")) {
  const level = Number(heading.tagName[1]);
  if (level > last + 1) found.push(`${name(heading)} jumps from level ${last}`);
  last = level;
}
for (const one of all("input:not([type=hidden]), select, textarea")) {
  const labels = [...(one.labels || [])].some((label) => label.textContent.trim());
  if (!labels && !one.ariaLabel) found.push(`${name(one)} has no label`);
}
for (const one of all("button, a[href], summary")) {
  if (!(one.textContent.trim() || one.ariaLabel)) found.push(`${name(one)} has no name`);
}
for (const one of all("img:not([alt])")) found.push(`${name(one)} says nothing to who does not see it`);
for (const one of all("[tabindex]")) if (one.tabIndex > 0) found.push(`${name(one)} changes the order of the keyboard`);
for (const one of all("[aria-describedby], [aria-labelledby]")) {
  const ids = `${one.getAttribute("aria-describedby") || ""} ${one.getAttribute("aria-labelledby") || ""}`.split(/\s+/).filter(Boolean);
  for (const id of ids) if (!document.getElementById(id)) found.push(`${name(one)} is described by ${id}, which is not there`);
}
const ids = all("[id]").map((one) => one.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) found.push(`the id ${id} is there twice`);
for (const table of all("table")) if (!table.querySelector("th")) found.push("a table has no headings");

// Contrast of every text with what is behind it, by WCAG 2.
const color = (text) => {
  const numbers = text.match(/[\d.]+/g).map(Number);
  const scale = text.startsWith("color(") ? 255 : 1;
  return { rgb: numbers.slice(0, 3).map((part) => part * scale), alpha: numbers[3] ?? 1 };
};
const over = (top, below) => top.rgb.map((part, at) => part * top.alpha + below[at] * (1 - top.alpha));
const behind = (one) => {
  if (!one) return [255, 255, 255];
  const own = color(getComputedStyle(one).backgroundColor);
  return own.alpha === 1 ? own.rgb : over(own, behind(one.parentElement));
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const poor = new Set();
while (walker.nextNode()) {
  const one = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !shown(one) || one.closest("noscript, script, style")) continue;
  const ground = behind(one);
  const [a, b] = [light(over(color(getComputedStyle(one).color), ground)), light(ground)];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) poor.add(`${name(one)} has a contrast of ${contrast.toFixed(2)}`);
}
return [...found, ...poor];
