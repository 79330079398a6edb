// Puts a button beside each value that goes into another tool's settings.
"use strict";
{
  const { sayCopy: copy, sayCopied: copied } = document.currentScript.dataset;
  const status = document.createElement("p");
  status.className = "unseen";
  status.setAttribute("role", "status");
  document.body.append(status);

  const select = (value) => {
    const range = document.createRange();
    range.selectNodeContents(value);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const write = async (value) => {
    // On plain HTTP a browser gives no clipboard; the old way works on what is selected.
    select(value);
    if (navigator.clipboard) return navigator.clipboard.writeText(value.textContent);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };
  for (const value of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.setAttribute("aria-label", `${copy}: ${value.dataset.copy}`);
    button.addEventListener("click", async () => {
      await write(value).catch(() => {}); // it stays selected, to be copied by hand
      button.textContent = copied;
      status.textContent = `${copied}: ${value.dataset.copy}`;
      setTimeout(() => { button.textContent = copy; }, 2000);
    });
    value.after(button);
  }
}
