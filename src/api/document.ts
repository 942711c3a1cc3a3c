/** The OpenAPI document, made of the routes' schemas, and the page that shows it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from './app.ts';

const TAGS = {
  'charge points': 'Who may connect, what is known of them, what they said',
  transactions: 'Charging',
  commands: 'What is asked of charge points',
  'id tags': 'Who may charge',
  events: 'What changes, as it changes',
  deviations: 'How charge points depart from the specification',
  'dead events': 'What could not be understood or stored',
  tokens: 'Who may call this API',
};

/** To be called before the routes are. */
export async function describeApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'ocpp-actors',
        version: '1',
        description:
          "The operators' API. Times are UTC, energy is Wh. Lists come in pages: `next` of one is `after` of the following.",
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform(document) {
      const { schema, url } = jsonSchemaTransform(document);
      const role = document.route.config?.role ?? 'viewer';
      const description = [schema?.description, `Role: ${role}.`].filter(Boolean).join(' ');
      return { schema: { ...schema, description }, url };
    },
    transformObject: (document) => tidied(jsonSchemaTransformObject(document)),
  });
  // What the API is like may be read by anybody; calling it needs a token.
  const anybody = { role: 'anybody' } as const;
  app.get('/openapi.json', { config: anybody, schema: { hide: true } }, async (_, reply) =>
    reply.send(app.swagger() as never),
  );
  await app.register(async (page) => {
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...anybody };
    });
    await page.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { url: '/openapi.json', validatorUrl: null, deepLinking: true },
    });
  });
}

const ANSWERS: Record<string, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/**
 * The plugin lists every schema as it is sent and as it is answered, whether or not a route uses it so. Left are those in
 * use, by their own names.
 */
function tidied<Document extends object>(document: Document): Document {
  const text = JSON.stringify(document, (key, value: unknown) =>
    isDefaultResponse(value) ? { ...value, description: ANSWERS[key] ?? key } : value,
  );
  const isUsed = (name: string) => text.includes(`"#/components/schemas/${name}"`);
  const renamed = text.replaceAll(/"#\/components\/schemas\/(\w+)Input"/g, (reference, name: string) =>
    isUsed(name) ? reference : `"#/components/schemas/${name}"`,
  );
  const result = JSON.parse(renamed) as Document & { components: { schemas: Record<string, unknown> } };
  const { schemas } = result.components;
  for (const name of Object.keys(schemas)) {
    const own = name.replace(/Input$/, '');
    if (own !== name && isUsed(name) && !isUsed(own)) schemas[own] = schemas[name];
  }
  // What only unused ones refer to is not in use either.
  for (;;) {
    const left = JSON.stringify(result);
    const unused = Object.keys(schemas).filter((name) => !left.includes(`"#/components/schemas/${name}"`));
    if (unused.length === 0) return result;
    for (const name of unused) delete schemas[name];
  }
}

function isDefaultResponse(value: unknown): value is { description: string } {
  return (value as { description?: unknown } | null)?.description === 'Default Response';
}
