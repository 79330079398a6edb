// Says when newer statements have come, and lets the reader decide when the list moves.
"use strict";
{
  const words = document.currentScript.dataset;
  const line = document.getElementById("newer");
  const pause = document.getElementById("pause");
  const every = 5000;
  let paused = false;
  const look = async () => {
    if (!document.hidden && !paused) {
      const address = new URL(line.dataset.url, location.href);
      address.searchParams.set("than", line.dataset.than);
      const answer = await fetch(address).catch(() => null);
      if (answer?.ok && !paused) show(await answer.json());
    }
    setTimeout(look, every);
  };
  const show = ({ said }) => {
    if (said === line.textContent) return;
    const link = document.createElement("a");
    link.className = "button";
    link.href = line.dataset.page;
    link.textContent = said;
    line.replaceChildren(...(said ? [link] : []));
  };
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? words.goOn : words.pause;
  });
  setTimeout(look, every);
}
