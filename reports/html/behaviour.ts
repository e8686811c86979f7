/**
 * The script of the report page. Without it everything can still be read: it opens the fold that a link names, copies commands, and ties the clock of a console to its lines.
 */
export const behaviour = `
'use strict';
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let fold = target.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  target.scrollIntoView({ block: target.closest('.console') ? 'center' : 'start' });
};
addEventListener('hashchange', reveal);
reveal();

for (const button of document.querySelectorAll('.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const command = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = 'Copied';
    } catch {
      // Not allowed for a file in this browser: select it, so that the person's own copy key does it.
      getSelection().selectAllChildren(command);
      button.textContent = 'Selected';
    }
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
}

for (const view of document.querySelectorAll('.console-of')) {
  const clock = view.querySelector('.clock');
  if (!clock) continue;
  clock.hidden = false;
  const slider = clock.querySelector('input');
  const output = clock.querySelector('output');
  const console = view.querySelector('.console');
  const lines = Array.from(console.querySelectorAll('[data-at]'));
  const times = lines.map((line) => Number(line.dataset.at));
  const words = (at) => new Date(at).toISOString().slice(11, 23);
  let current;
  let following = false;
  const show = (at) => {
    slider.value = at;
    output.textContent = words(at);
    slider.setAttribute('aria-valuetext', words(at));
  };
  const go = (at) => {
    show(at);
    let index = times.findLastIndex((time) => time <= at);
    if (index < 0) index = 0;
    current?.classList.remove('now');
    current = lines[index];
    current.classList.add('now');
    following = true;
    console.scrollTop = current.offsetTop - console.clientHeight / 2;
    requestAnimationFrame(() => requestAnimationFrame(() => (following = false)));
  };
  slider.addEventListener('input', () => go(Number(slider.value)));
  console.addEventListener('scroll', () => {
    if (following) return;
    const middle = console.scrollTop + console.clientHeight / 2;
    const index = lines.findLastIndex((line) => line.offsetTop <= middle);
    if (index >= 0) show(times[index]);
  });
  for (const mark of view.closest('.attempt').querySelectorAll('.mark')) mark.addEventListener('click', () => go(Number(mark.dataset.at)));
  if ('start' in slider.dataset) go(Number(slider.value));
  else show(Number(slider.value));
}
`;
