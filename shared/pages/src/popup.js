(() => {
  const form = {{says}};
  const seen = "masa-form-" + form.name;
  const remembered = () => { try { return localStorage.getItem(seen); } catch { return null; } };
  const remember = () => { try { localStorage.setItem(seen, "1"); } catch { /* it is shown again */ } };
  if (remembered()) return;
  const show = () => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", seen);
    dialog.style.cssText = "max-width: min(28rem, 90vw); padding: 1.6rem; border: 0; border-radius: 1rem";
    dialog.innerHTML = form.html;
    const section = dialog.querySelector("section");
    dialog.querySelector("h2").id = seen;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", form.close);
    close.style.cssText = "float: inline-end; padding: 0 .6em; background: none; color: inherit; font-size: 1.4em";
    close.addEventListener("click", () => dialog.close());
    section.prepend(close);
    dialog.addEventListener("close", () => { remember(); dialog.remove(); });
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = dialog.querySelector("[role=status]") || section.appendChild(document.createElement("p"));
      said.setAttribute("role", "status");
      try {
        const body = new URLSearchParams(new FormData(event.target));
        const answer = await fetch(form.address, { method: "POST", body, headers: { accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.status);
        remember();
        if (form.goes) { location.assign(form.goes); return; }
        event.target.remove();
        said.textContent = form.thanks;
      } catch {
        said.textContent = form.again;
      }
    });
    document.body.append(dialog);
    dialog.showModal();
  };
  // Not at once: whoever came to read reads first.
  setTimeout(show, 8000);
})();
