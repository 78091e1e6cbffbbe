// The libraries that send again, while the tracker at process.argv[2] has nowhere to put a hit.
import {createRequire} from "node:module";

const require = createRequire(process.argv[3] + "/");
const base = process.argv[2];
const {Analytics} = require("@segment/analytics-node");
const Rudder = require("@rudderstack/rudder-sdk-node");

const segment = new Analytics({writeKey: "their-write-key", host: base, flushAt: 1});
const failures = [];
segment.on("error", error => failures.push(`segment: ${error.code}`));
const rudder = new Rudder("their-write-key", {dataPlaneUrl: base, flushAt: 1, logLevel: "none"});
segment.track({userId: "visitor-1", event: "segment later", properties: {plan: "pro"}});
const told = new Promise(resolve => rudder.track({userId: "visitor-2", event: "rudder later"}, resolve));
await new Promise(resolve => setTimeout(resolve, 2000));
process.stdout.write("tried\n");
await segment.closeAndFlush({timeout: 60000});
const failure = await told;
if (failure) failures.push(`rudder: ${failure.message}`);
process.stdout.write(JSON.stringify(failures), () => process.exit(0));
