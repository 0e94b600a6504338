// Who is a guest, has typed something, and goes to sign in: it goes with him, as by the form's own button.
"use strict";
let typed = null;
document.addEventListener("input", (event) => { typed = event.target.form || typed; });
for (const way of document.querySelectorAll("a[href='/sign-in']")) {
  way.addEventListener("click", (event) => {
    const button = typed && typed.querySelector("button[name=_sign_in]");
    if (!button) return;
    event.preventDefault();
    typed.requestSubmit(button);
  });
}
