// Elements that no template of the page holds.

export function make(tag, className, properties = {}) {
  return Object.assign(document.createElement(tag), { className, ...properties });
}
