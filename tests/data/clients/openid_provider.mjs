// A provider of OpenID Connect (npm: oidc-provider), with its own pages for signing in: any name and password count.
// node openid_provider.mjs FOLDER_OF_NODE_MODULES PORT OPTIONS, where OPTIONS is JSON.
import { generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, options] = [process.argv[2], Number(process.argv[3]), JSON.parse(process.argv[4])];
const now = Date.now;
Date.now = () => now() + 1000 * (options.clock_ahead ?? 0);
const { Provider } = await import(pathToFileURL(createRequire(`${folder}/`).resolve("oidc-provider")));
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: "tracker",
    ...(options.secret ? { client_secret: options.secret } : { token_endpoint_auth_method: "none" }),
    redirect_uris: options.redirect_uris,
    post_logout_redirect_uris: options.post_logout_redirect_uris,
    application_type: "native",
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: options.email_by_userinfo ?? true,
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: String(now()) }] },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id.split("@")[0], email: id, email_verified: !id.startsWith("unverified") }),
  }),
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
