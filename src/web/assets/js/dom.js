/** Makes an element: names it knows become properties, the others attributes. */
export function make(tag, props = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k in e ? e[k] = v : e.setAttribute(k, v);
  e.append(...inside);
  return e;
}
/** Does something once it was quiet for some milliseconds. */
export const wait = (ms, act, timer) => () => { clearTimeout(timer); timer = setTimeout(act, ms); };
