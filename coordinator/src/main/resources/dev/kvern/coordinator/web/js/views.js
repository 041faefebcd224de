// One view at a time, named by the address's fragment, so that each can be linked to and Back works.

const links = [...document.querySelectorAll("#views a")];
const views = links.map((link) => document.getElementById(`view-${link.hash.slice(1)}`));
const listeners = [];

export const currentView = () => views.find((view) => !view.hidden).id.slice("view-".length);

/** Hears which view is shown, at once and whenever that changes. */
export function onView(listener) {
  listeners.push(listener);
  listener(currentView());
}

function show(focus) {
  const at = Math.max(0, links.findIndex((link) => link.hash === location.hash));
  views.forEach((view, i) => (view.hidden = i !== at));
  links.forEach((link, i) => {
    if (i === at) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = at === 0 ? "Kvern" : `${links[at].textContent.trim()} · Kvern`;
  if (focus) {
    scrollTo(0, 0);
    views[at].querySelector("h2").focus({ preventScroll: true });
  }
  for (const listener of listeners) listener(currentView());
}

addEventListener("hashchange", () => {
  // The skip link's target is no view.
  if (location.hash === "#main") return;
  document.querySelector("dialog[open]")?.close();
  show(true);
});
show(false);
