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
  document.getElementById("yaml").href = select.value.replace(/json$/, "yaml");
  const show = (spec) => SwaggerUIBundle({
    spec: pasteable(spec),
    dom_id: "#ui",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
  });
  fetch(select.value)
    .then((response) => (response.ok ? response.json() : Promise.reject(new Error(response.statusText))))
    .then(show)
    .catch((reason) => {
      document.getElementById("ui").textContent = "The document cannot be read: " + reason.message;
    });

  // Logging in would need the issuer, and the page talks to nobody but the gateway. So
  // where the document says how to get a token, the page takes one that was got elsewhere.
  function pasteable(spec) {
    for (const scheme of Object.values(spec.components?.securitySchemes ?? {})) {
      if (scheme.type !== "openIdConnect" && scheme.type !== "oauth2") {
        continue;
      }
      const about = scheme.description ? scheme.description + "\n\n" : "";
      const from = scheme.openIdConnectUrl ? " of " + scheme.openIdConnectUrl : "";
      scheme.description = about + "Paste an access token" + from + ".";
      scheme.type = "http";
      scheme.scheme = "bearer";
    }
    return spec;
  }
})();
