// What a person with other eyes or without a mouse would miss; evaluated in the page.
({
  // Controls without a name for a screen reader.
  nameless() {
    const controls = "button, a, input, select, textarea, summary, [tabindex='0']";
    const labelled = (node) => (node.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
    const name = (node) => node.getAttribute("aria-label") || labelled(node) || node.labels?.[0]?.textContent || node.textContent;
    const nodes = [...document.querySelectorAll(controls)].filter((node) => node.checkVisibility());
    return nodes.filter((node) => !name(node).trim()).map((node) => node.outerHTML.slice(0, 200));
  },

  // Texts with less than 4.5:1 of contrast to what is behind them (WCAG 2, 1.4.3).
  pale() {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
    const ground = (node) => {
      for (; node; node = node.parentElement) {
        const colour = rgba(getComputedStyle(node).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255];
    };
    const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    const counts = (node) => hasText(node) && node.checkVisibility() && !node.closest(":disabled, [aria-hidden=true]");
    const ratio = (node) => {
      const [one, other] = [luminance(rgba(getComputedStyle(node).color)), luminance(ground(node))];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    };
    const nodes = [...document.querySelectorAll("main *, header *, dialog *, .banner *")].filter(counts);
    return nodes.filter((node) => ratio(node) < 4.5).map((node) => `${ratio(node).toFixed(2)} ${node.className} ${node.textContent.slice(0, 40)}`);
  },

  wider() {
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
  },

  // What has the focus, and whether that can be seen.
  focus() {
    const node = document.activeElement;
    const { outlineStyle, boxShadow } = getComputedStyle(node);
    const name = node.getAttribute("aria-label") ?? node.textContent;
    return { name, visible: outlineStyle !== "none" || boxShadow !== "none" };
  },
})
