// Says when newer statements have come, and lets the reader decide when the list moves.
"use strict";
{
  const line = document.getElementById("newer");
  const every = 5000;
  const look = async () => {
    if (!document.hidden && line.dataset.than) {
      const answer = await fetch(`${line.dataset.url}?than=${line.dataset.than}`).catch(() => null);
      if (answer?.ok) show(await answer.json());
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
  setTimeout(look, every);
}
