// Each client as its documentation says, against the tracker at process.argv[2].
import {createRequire} from "node:module";

const require = createRequire(process.argv[3] + "/");
const base = process.argv[2];
const results = {};

const MatomoTracker = require("matomo-tracker");
const matomo = new MatomoTracker(7, base + "/matomo.php");
matomo.track({url: "https://shop.example/matomo", action_name: "Page", uid: "visitor-1"});
matomo.track({url: "https://shop.example/matomo", e_c: "video", e_a: "matomo event", e_v: 9.5});
results.matomo_bulk = await new Promise(resolve => matomo.trackBulk(
    [{url: "https://shop.example/bulk", e_c: "bulk", e_a: "matomo bulk"}], body => resolve(JSON.parse(body))));
new MatomoTracker(404, base + "/matomo.php").on("error", error => { results.matomo_refused = String(error); })
    .track({url: "https://shop.example/"});

const {Umami} = require("@umami/node");
const umami = new Umami({hostUrl: base, websiteId: "94db1cb1-74f4-4a40-ad6c-962362670409"});
const answer = await umami.track({url: "/umami", hostname: "shop.example", title: "Page", referrer: "https://search.example/"});
results.umami = await answer.json();
await umami.track("umami event", {plan: "pro"});
await umami.identify({plan: "pro"});
results.umami_refused = (await umami.track({name: "n".repeat(101)})).status;

const {Analytics} = require("@segment/analytics-node");
const segment = new Analytics({writeKey: "their-write-key", host: base, flushAt: 3, maxRetries: 1});
segment.on("error", error => { results.segment_error = String(error.reason || error.code); });
segment.track({userId: "visitor-2", event: "segment event", properties: {plan: "pro"}});
segment.page({anonymousId: "visitor-3", name: "Home", properties: {url: "https://shop.example/segment"}});
segment.identify({userId: "visitor-2", traits: {plan: "pro"}});
await segment.closeAndFlush({timeout: 20000});

const {jitsuClient} = require("@jitsu/sdk-js");
// `track` is done once the call stands in a queue, so that its request has to be waited for.
results.older_jitsu = await new Promise(resolve => {
    const told = (...call) => fetch(...call).then(answer => { resolve(answer.status); return answer; });
    jitsuClient({key: "their-write-key", tracking_host: base, fetch: told, log_level: "NONE"})
        .track("older jitsu event", {plan: "pro"});
});

for (let waited = 0; !results.matomo_refused && waited < 100; waited += 1) {
    await new Promise(resolve => setTimeout(resolve, 100));
}
// Connections that are kept open would keep the process for a minute.
process.stdout.write(JSON.stringify(results), () => process.exit(0));
