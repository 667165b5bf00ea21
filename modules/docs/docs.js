"use strict";

// Shows the document that the address names (?document=orders/v2.json), or the first
// one. Choosing another loads the page anew, so that every view has its own address.
(() => {
  const select = document.getElementById("document");
  const wanted = new URLSearchParams(location.search).get("document");
  if ([...select.options].some((option) => option.value === wanted)) {
    select.value = wanted;
  }
  select.addEventListener("change", () => {
    location.assign("?document=" + encodeURIComponent(select.value));
  });
  if (!select.value) {
    document.getElementById("ui").textContent = "No API is documented here.";
    return;
  }
  document.title = select.selectedOptions[0].textContent + " · API documentation";
  document.getElementById("raw").href = select.value;
  SwaggerUIBundle({
    url: select.value,
    dom_id: "#ui",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
  });
})();
