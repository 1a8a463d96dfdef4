/** Makes an element: names it knows become properties, the others attributes. */
export function make(tag, props = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k in e ? e[k] = v : e.setAttribute(k, v);
  e.append(...inside);
  return e;
}
/** A live region: what is put in it is read out politely. */
export const speaker = () => make('span', { className: 'visually-hidden', role: 'status' });
