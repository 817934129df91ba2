// HTML that the server rendered, as nodes. The one place where text becomes markup: the page's policy
// (Trusted Types) refuses any other.

const policy = window.trustedTypes?.createPolicy("fragment", { createHTML: (html) => html });

// A template's content is inert: nothing in it runs or loads before it is placed.
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content.firstElementChild;
}

// A copy of what stands in the page's own <template>.
export function clone(selector) {
  return document.querySelector(selector).content.firstElementChild.cloneNode(true);
}
