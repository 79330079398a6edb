// Looks every two seconds whether the first statement has come, and turns the light green.
"use strict";
{
  const light = document.getElementById("light");
  const every = 2000;
  const part = (name) => light.querySelector(`[data-part="${name}"]`);
  const say = (name, text) => {
    if (part(name).textContent !== text) part(name).textContent = text;
  };
  const show = (answer) => {
    light.dataset.above = answer.above;
    light.dataset.state = answer.state;
    for (const name of ["title", "said", "detail"]) say(name, answer[name]);
    part("link").hidden = !answer.link;
    if (answer.link) part("link").href = answer.link;
  };
  const look = async () => {
    if (!document.hidden) {
      const answer = await fetch(`${light.dataset.url}&above=${light.dataset.above}`)
        .catch(() => null);
      if (answer?.ok) show(await answer.json());
    }
    if (light.dataset.state !== "arrived") setTimeout(look, every);
  };
  if (light.dataset.state !== "arrived") setTimeout(look, every);
}
