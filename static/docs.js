// The API's page: Swagger UI over our description. A request that is tried goes out with the session's cookie, which no
// script can read.

window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null, // It would send our address to a site of others.
});
