// Prints the headers of each delivery of a file (JSON: a list of door, topic and body), signed by the sender's own
// library; where there is none, by the lines of the sender's documentation.

import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { exit } from "node:process";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, LogSeverity, shopifyApi } from "@shopify/shopify-api";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const secret = (door) => process.env[`MASA_SECRET_${door.toUpperCase()}`];
const base64 = (door, body) => createHmac("sha256", secret(door)).update(body).digest("base64");

const shopify = shopifyApi({
  apiKey: "masa",
  apiSecretKey: secret("shopify"),
  apiVersion: ApiVersion.July26,
  hostName: "shop.example",
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});

// Shopify's library verifies and doesn't sign: it has to take what is sent, and nothing else.
async function signedForShopify(topic, body) {
  const headers = {
    "x-shopify-api-version": ApiVersion.July26,
    "x-shopify-hmac-sha256": base64("shopify", body),
    "x-shopify-shop-domain": "shop.example",
    "x-shopify-topic": topic,
    "x-shopify-triggered-at": new Date().toISOString(),
    "x-shopify-webhook-id": randomUUID(),
  };
  for (const [rawBody, right] of [[body, true], [`${body} `, false]]) {
    const { valid } = await shopify.webhooks.validate({ rawBody, rawRequest: { headers } });
    if (valid !== right) {
      console.error(`${topic}: Shopify's library says ${valid} and should say ${right}`);
      exit(1);
    }
  }
  return headers;
}

const generic = (_, body) => {
  const [id, now] = [`msg_${randomUUID()}`, new Date()];
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now / 1000)),
    "webhook-signature": new Webhook(secret("events")).sign(id, now, body),
  };
};

const doors = {
  signup: generic,
  purchase: generic,
  event: generic,
  shopify: signedForShopify,
  stripe: (_, payload) => ({
    "stripe-signature": Stripe.webhooks.generateTestHeaderString({ payload, secret: secret("stripe") }),
  }),
  // The rule of `WC_Webhook::generate_signature`, in its own language.
  woocommerce: (topic, body) => {
    const rule = "echo base64_encode(hash_hmac('sha256', $argv[1], $argv[2], true));";
    const signature = execFileSync("php", ["-r", rule, "--", body, secret("woocommerce")], { encoding: "utf8" });
    return { "x-wc-webhook-topic": topic, "x-wc-webhook-signature": signature };
  },
  typeform: (_, body) => ({ "typeform-signature": `sha256=${base64("typeform", body)}` }),
  tally: (_, body) => ({ "tally-signature": base64("tally", body) }),
};

const signed = [];
for (const { door, topic, body } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  signed.push({ "content-type": "application/json", ...(await doors[door](topic, body)) });
}
console.log(JSON.stringify(signed));
