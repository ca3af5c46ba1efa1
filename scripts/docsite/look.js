// What is wrong with a page as it is shown now: a list of sentences, empty for a good one. Changes nothing on it.
(async () => {
  const faults = new Map(); // one example of each
  const say = (element, what) => {
    const fault = `${what}: <${[element.localName, ...element.classList].join(".")}>`;
    if (!faults.has(fault)) faults.set(fault, element.textContent.trim().slice(0, 40));
  };
  const found = [];

  // Diagrams are drawn some time after the page is loaded, in shadow roots (which the caller keeps open).
  const drawn = () => [...document.querySelectorAll(".mermaid")].every(one => one.shadowRoot?.querySelector("svg"));
  for (let waited = 0; !drawn() && waited < 30000; waited += 50) await new Promise(done => setTimeout(done, 50));
  if (!drawn()) found.push("a diagram is not drawn");

  // The theme hears of another scheme or width after us, and colours change with a transition.
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)));

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    found.push(`the page is ${document.documentElement.scrollWidth} px wide, the window ${width} px`);

  const rgba = colour => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return [...(colour.startsWith("color(") ? parts.slice(0, 3).map(part => part * 255) : parts.slice(0, 3)), parts[3] ?? 1];
  };
  const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3]));
  const known = new Map([[null, [255, 255, 255]]]);
  const behind = element => {
    if (!known.has(element)) known.set(element, over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement)));
    return known.get(element);
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(part => part / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
  const contrast = element => {
    const back = behind(element), front = over(rgba(getComputedStyle(element).color), back);
    const [high, low] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  if (matchMedia("(prefers-color-scheme: dark)").matches !== luminance(behind(document.body)) < 0.5)
    found.push("the page does not follow the reader's colour scheme");

  const scrolls = element => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const reachable = element => {
    for (let one = element; one; one = one.parentElement) if (scrolls(one)) return true;
    return false;
  };

  const parts = ".md-header, .md-tabs, .md-content, .md-sidebar, .md-footer";
  for (const element of document.querySelectorAll(parts.split(", ").map(part => part + " *").join(", "))) {
    const hasText = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!hasText || !shown || box.width < 2 || element.closest("svg, .headerlink, [hidden]")) continue;
    const text = document.createRange();
    text.selectNodeContents(element);
    const right = text.getBoundingClientRect().right;
    if (element.closest(".md-content") && right > width + 1 && !reachable(element)) say(element, "cut off at the right");
    const ratio = contrast(element);
    if (ratio < 4.5) say(element, `contrast ${ratio.toFixed(2)}`);
  }
  return [...found, ...[...faults].map(([fault, text]) => `${fault} ${text}`)];
})()
