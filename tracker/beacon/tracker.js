/*
 * The browser's side of Access Log Tracker: page views, events, and hits that outlive a server that is unavailable.
 *
 * docs/beacon.md describes its options and functions, and what it stores. What leaves here is minified by script.py,
 * which takes out comments and spaces and nothing else, so that what a browser runs can be read with this file beside it.
 */
(function (window, document) {
    "use strict";

    // An attribute without a value says nothing with these, and is on with all others.
    const TEXTS = ["app_id", "client_sub_id", "module_id", "endpoint", "session_timeout"];
    const DOWNLOADS = "7z,apk,csv,dmg,doc,docx,epub,exe,gz,iso,mp3,mp4,msi,pdf,pkg,ppt,pptx,rar,tar,xls,xlsx,zip";
    const MOST_WAITING = 50;
    const LONGEST_WAIT = 864e5; // A day: the server remembers a hit's event_id for as long, and takes no older one.
    const LONGEST_PAUSE = 36e5;
    const LONGEST_BACKOFF = 6e4;
    const LEASE = 1e4; // How long a waiting hit is left to the page that is sending it, or was when it was closed.
    const ANSWER_WITHIN = 3e4;
    const KEEPALIVE_BYTES = 6e4; // Browsers refuse requests that outlive their page from 64 KiB in flight on.

    const navigator = window.navigator;
    const before = window.ALT || {};
    // A module, or what is evaluated, has no current script: its tag is found where it says what it is for.
    const tag = document.currentScript || document.querySelector("script[data-app-id][src]");
    const settings = {respect_dnt: true, auto_page_views: true};
    const calls = [].concat(before.q || []);
    const flying = new Map();
    const tab = shelf("sessionStorage");
    const local = shelf("localStorage");
    let endpoint, prefix, page, referrer, timer, counted;
    let locks = navigator.locks;
    let started = false, flushing = false, leaving = false, failures = 0, nextTry = 0, bytesInFlight = 0;
    let parameters = {};

    /* ---- What a page may call ---- */

    const methods = {
        trackPageView: function () {
            view(page === undefined ? document.referrer : place() === page ? referrer : page);
        },
        trackEvent: function (name, data) {
            // A value that is no object gets a name, since event_data is one.
            const bare = data !== undefined && data !== null && !plain(data);
            record({event_name: text(name), event_data: bare ? {value: data} : data});
        },
        updateCustomParams: function (changes) {
            parameters = merged(parameters, changes);
        },
        optOut: function () {
            local.set(prefix.optOut, "1");
            forget();
        },
        optIn: function () {
            local.remove(prefix.optOut);
        }
    };

    /* ---- Start ---- */

    if (before.loaded) {
        return; // The tag stands in the page twice.
    }
    const ALT = {loaded: true};
    Object.keys(methods).forEach(function (name) {
        ALT[name] = guarded(function (...given) {
            if (started) {
                methods[name](...given);
            } else if (calls.length < 1000) {
                calls.push([name, given]);
            }
        });
    });
    window.ALT = ALT;
    whenShown(whenRead(guarded(start)));

    /** Nobody sees a page that is prerendered; most never will be. */
    function whenShown(next) {
        if (document.prerendering) {
            document.addEventListener("prerenderingchange", next, {once: true});
        } else {
            next();
        }
    }

    /** Until the document is read, the page may still be setting ALT_CONFIG; one that is left earlier counts as well. */
    function whenRead(next) {
        return function () {
            if (document.readyState !== "loading") {
                next();
                return;
            }
            document.addEventListener("DOMContentLoaded", next, {once: true});
            window.addEventListener("pagehide", next, {once: true});
        };
    }

    function start() {
        if (started) {
            return;
        }
        configure();
        if (!settings.app_id || !endpoint || !(settings.before_send || log).bind) {
            window.console.warn("ALT: no " + (settings.app_id ? endpoint ? "before_send" : "endpoint" : "app_id") + " is given");
            return;
        }
        started = true;
        window.addEventListener("pagehide", guarded(keepFlying));
        window.addEventListener("pageshow", guarded(shownAgain));
        window.addEventListener("online", guarded(flush));
        document.addEventListener("click", guarded(clicked), true);
        document.addEventListener("auxclick", guarded(clicked), true);
        document.addEventListener("submit", guarded(clicked), true);
        // What was said about parameters and privacy before we came holds for the first page view.
        const events = calls.filter(function (call) {
            if (/^track/.test(call[0])) {
                return true;
            }
            run(call);
        });
        if (silent()) {
            forget();
        }
        if (asked()) {
            leaveOut();
        }
        if (settings.auto_page_views) {
            watchHistory();
            view(document.referrer);
        }
        events.forEach(run);
        schedule(100);
    }

    function run(call) {
        guarded(methods[call[0]] || log)(...(call[1] || []));
    }

    function configure() {
        const named = tag ? attributes(tag, "data-") : {};
        Object.keys(named).forEach(function (name) {
            const value = named[name];
            if (value || TEXTS.indexOf(name) < 0) {
                settings[name] = value === "false" ? false : value || true;
            }
        });
        // A global that was declared by const or let is no property of the window.
        Object.assign(settings, typeof ALT_CONFIG === "undefined" ? null : ALT_CONFIG);
        settings.app_id = text(settings.app_id);
        settings.session_timeout = Number(settings.session_timeout) || 18e5;
        // An attribute can only name a function.
        settings.before_send = window[settings.before_send] || settings.before_send;
        parameters = merged({}, settings.custom_params);
        const given = settings.endpoint || tag && tag.src && tag.src.replace(/[^/]*([?#].*)?$/, "v1/track");
        endpoint = given && resolved(given).href;
        const own = "ALT." + settings.app_id + ".";
        prefix = {hit: own + "hit.", pause: own + "pause", session: own + "session", optOut: "ALT.optOut"};
    }

    /* ---- What is noticed ---- */

    function view(from) {
        page = place();
        referrer = from;
        record({event_name: "page_view"});
    }

    function place() {
        const address = href() || "";
        const all = settings.hash_routes ? address : address.split("#")[0];
        return settings.ignore_query ? all.replace(/\?[^#]*/, "") : all;
    }

    /** The page's address. A frame whose address is its content (srcdoc, data:, blob:) has that of the page around it, or none. */
    function href() {
        const bare = /^(?!about:|data:|blob:)./;
        const around = [document.baseURI, document.referrer];
        try {
            around.unshift(window.location.href, window.parent.location.href);
        } catch (error) {
            around.unshift(window.location.href); // The page around is another site's.
        }
        return around.find((address) => bare.test(address));
    }

    function watchHistory() {
        const moved = guarded(function () {
            if (place() !== page) {
                view(page);
            }
        });
        const prototype = Object.getPrototypeOf(window.history);
        ["pushState", "replaceState"].forEach(function (name) {
            const original = prototype[name];
            prototype[name] = function () {
                const result = original.apply(this, arguments);
                moved();
                return result;
            };
        });
        // Routers on the Navigation API call neither.
        if (window.navigation) {
            window.navigation.addEventListener("currententrychange", moved);
        }
        window.addEventListener("popstate", moved);
        window.addEventListener("hashchange", moved);
    }

    /** A page that comes out of the back-forward cache is seen again, and no script of it runs from the beginning. */
    function shownAgain(event) {
        if (event.persisted) {
            leaving = false;
            if (settings.auto_page_views) {
                view(document.referrer);
            }
            flush();
        }
    }

    function clicked(event) {
        if (event.type === "auxclick" && event.button !== 1) {
            return;
        }
        // The path leads through open shadow roots too.
        const path = event.composedPath();
        const closest = (selector) => path.find((element) => selector && element.matches && element.matches(selector));
        // A form is declared for being sent, not for clicks into its fields.
        const declared = closest({click: "[data-alt-event]:not(form)", submit: "form[data-alt-event]"}[event.type]);
        // A click on a label is followed at once by one on what it is the label of.
        if (declared && !(counted && counted.declared === declared && counted.control === path[0])) {
            const label = closest("label");
            counted = {declared: declared, control: label && label.control};
            setTimeout(() => {
                counted = null;
            });
            record({
                event_name: declared.getAttribute("data-alt-event"),
                custom_params: attributes(declared, "data-alt-param-")
            });
        }
        const link = closest("a[href], area[href]");
        if (link) {
            followed(link);
        }
    }

    function followed(link) {
        const to = resolved(link.getAttribute("href"));
        if (!/^https?:$/.test(to.protocol)) {
            return;
        }
        const endings = String(settings.downloads === true ? DOWNLOADS : settings.downloads).toLowerCase().split(/[,\s]+/);
        const ending = (/\.(\w+)$/.exec(to.pathname) || [])[1] || "";
        if (settings.downloads && (link.hasAttribute("download") || endings.indexOf(ending.toLowerCase()) >= 0)) {
            record({event_name: "download", event_data: {url: to.href}});
        } else if (settings.outbound_links && to.host !== resolved(href()).host) {
            record({event_name: "outbound_link", event_data: {url: to.href}});
        }
    }

    /* ---- A hit ---- */

    function record(fields) {
        // The tracker would take what has no name for a page view.
        if (silent() || !fields.event_name) {
            log("not sent", fields);
            return;
        }
        const screen = window.screen;
        const custom = merged(parameters, fields.custom_params);
        let hit = {
            app_id: settings.app_id,
            client_sub_id: text(settings.client_sub_id),
            module_id: text(settings.module_id),
            event_id: uuid(),
            session_id: session(),
            url: href(),
            referrer: referrer || undefined,
            screen_resolution: screen.width + "x" + screen.height,
            language: navigator.language,
            timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
            event_name: fields.event_name,
            event_data: fields.event_data,
            custom_params: Object.keys(custom).length ? custom : undefined
        };
        const id = hit.event_id;
        if (settings.before_send) {
            // What the page does to a hit is not done to objects of its own, and an error costs this hit alone.
            hit = guarded(settings.before_send)(copied(hit));
        }
        if (!plain(hit)) {
            log("not sent", fields);
            return;
        }
        // A copy: what the page does to its objects later is not part of this moment.
        const entry = {hit: copied(merged(hit, {event_id: id})), at: Date.now()};
        if (paused()) {
            keep(entry, 0);
            schedule(0);
        } else {
            deliver(entry).then(function (through) {
                return through ? flush() : schedule(0);
            }).catch(log);
        }
    }

    /** Whether the visitor wants no hits: said here once, or by the browser where the site lets that count. */
    function silent() {
        return local.get(prefix.optOut) === "1" || Boolean(settings.respect_dnt && asked());
    }

    /** By which of its words the browser asks not to be counted, if it does. */
    function asked() {
        return navigator.globalPrivacyControl
            ? "gpc"
            : /^(1|yes)$/.test(navigator.doNotTrack || window.doNotTrack) && "dnt";
    }

    /** A person who wonders where the hits are is told; and that somebody was left out is counted, where the site wants it. */
    function leaveOut() {
        if (settings.respect_dnt && !settings.quiet) {
            window.console.info("ALT: this browser asks not to be counted (" + asked().toUpperCase() + "), so nothing is sent");
        }
        if (settings.respect_dnt && settings.count_left_out && local.get(prefix.optOut) !== "1") {
            post(JSON.stringify({app_id: settings.app_id, left_out: asked()}));
        }
    }

    function session() {
        const now = Date.now();
        const last = parsed(tab.get(prefix.session)) || {};
        const id = last.id && now - last.at < settings.session_timeout ? last.id : uuid();
        tab.set(prefix.session, JSON.stringify({id: id, at: now}));
        return id;
    }

    /** A random UUID; browsers give one only to pages that came by HTTPS. */
    function uuid() {
        const crypto = window.crypto;
        if (crypto.randomUUID) {
            return crypto.randomUUID();
        }
        const bytes = crypto.getRandomValues(new Uint8Array(16));
        bytes[6] = (bytes[6] & 15) | 64;
        bytes[8] = (bytes[8] & 63) | 128;
        const hex = [...bytes].map((byte) => (byte + 256).toString(16).slice(1)).join("");
        return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    }

    /* ---- Sending ---- */

    /** Sends a hit once. Resolves to whether it needs no further sending; one that does waits on the shelf. */
    async function deliver(entry) {
        const id = entry.hit.event_id;
        flying.set(id, entry);
        const age = Math.max(0, Date.now() - entry.at);
        const answer = await post(JSON.stringify(merged(entry.hit, {age_ms: age})));
        flying.delete(id);
        log(answer.status, entry.hit);
        // Of the client errors, these two are about the moment. The others would be the same for ever.
        const again = answer.status === 408 || answer.status === 429;
        if (answer.status >= 200 && answer.status < 500 && !again) {
            local.remove(prefix.hit + id);
            failures = nextTry = 0;
            return true;
        }
        if (Date.now() >= nextTry) {
            // Hits that fail together are one failure. The waits grow, and differ so that not all browsers come at once.
            failures += 1;
            nextTry = Date.now() + Math.min(LONGEST_BACKOFF, 1000 * Math.pow(2, failures)) * (0.5 + Math.random() / 2);
        }
        if (answer.pause) {
            local.set(prefix.pause, String(Date.now() + Math.min(answer.pause, LONGEST_PAUSE)));
        }
        // What a page in its end gives up may well have got through.
        keep(entry, leaving ? Date.now() + LEASE : 0);
        return false;
    }

    /** Resolves to the status of the answer, 0 where there was none, and how many milliseconds it asks us to wait. */
    async function post(body) {
        const size = new Blob([body]).size;
        const done = function (status, retryAfter) {
            const seconds = retryAfter ? Number(retryAfter) || (Date.parse(retryAfter) - Date.now()) / 1000 : 0;
            return {status: status, pause: Math.max(0, seconds * 1000) || 0};
        };
        if (window.fetch && window.Request && "keepalive" in window.Request.prototype) {
            const controller = new AbortController();
            const watch = setTimeout(controller.abort.bind(controller), ANSWER_WITHIN);
            bytesInFlight += size;
            // A body that is a text goes as text/plain, for which no preflight is needed.
            try {
                const response = await window.fetch(endpoint, {
                    method: "POST",
                    body: body,
                    credentials: "omit",
                    keepalive: bytesInFlight < KEEPALIVE_BYTES,
                    signal: controller.signal
                });
                return done(response.status, response.headers.get("Retry-After"));
            } catch (error) {
                return done(0);
            } finally {
                clearTimeout(watch);
                bytesInFlight -= size;
            }
        }
        if (navigator.sendBeacon && navigator.sendBeacon(endpoint, body)) {
            return done(202); // Nobody tells us more.
        }
        return new Promise(function (resolve) {
            const request = new XMLHttpRequest();
            request.open("POST", endpoint);
            request.timeout = ANSWER_WITHIN;
            request.setRequestHeader("Content-Type", "text/plain;charset=UTF-8");
            request.onloadend = function () {
                resolve(done(request.status, request.status ? request.getResponseHeader("Retry-After") : null));
            };
            request.send(body);
        }).catch(() => done(0));
    }

    /* ---- What could not be sent ---- */

    /** Puts a hit on the shelf. Until the lease ends, whoever has it in hand may be getting it through. */
    function keep(entry, lease) {
        const id = entry.hit.event_id;
        if (silent()) {
            local.remove(prefix.hit + id);
            return;
        }
        const others = waiting().filter((other) => other.hit.event_id !== id);
        others.slice(0, Math.max(0, others.length - MOST_WAITING + 1)).forEach(drop);
        local.set(prefix.hit + id, JSON.stringify({hit: entry.hit, at: entry.at, lease: lease, by: entry.by}));
    }

    /** The hits on the shelf, the oldest first. Each has a key of its own, so that two tabs never write over each other. */
    function waiting() {
        const found = [];
        local.keys().forEach(function (key) {
            if (key.indexOf(prefix.hit) === 0) {
                const entry = parsed(local.get(key));
                if (entry && entry.hit && Math.abs(Date.now() - entry.at) < LONGEST_WAIT) {
                    found.push(entry);
                } else {
                    local.remove(key);
                }
            }
        });
        return found.sort((one, other) => one.at - other.at);
    }

    function drop(entry) {
        local.remove(prefix.hit + entry.hit.event_id);
    }

    function forget() {
        waiting().forEach(drop);
        local.remove(prefix.pause);
        tab.remove(prefix.session);
    }

    /** A page that is closed hears of no answer, so the next page sends again what is under way; the server sees it is the same. */
    function keepFlying() {
        leaving = true;
        flying.forEach(function (entry) {
            keep(entry, Date.now() + LEASE);
        });
    }

    /** Sends what waits, one after the other, until one does not get through. One tab at a time does that. */
    async function flush() {
        if (silent()) {
            forget();
        }
        if (flushing || paused() || !free()) {
            return schedule(0);
        }
        flushing = true;
        try {
            await alone(async function () {
                let entry;
                while (!paused() && !silent() && (entry = free()) && await claimed(entry)) {
                    if (!await deliver(entry)) {
                        break;
                    }
                }
            });
        } catch (error) {
            log(error);
        }
        flushing = false;
        schedule(0);
    }

    function free() {
        return waiting().find((entry) => !(entry.lease > Date.now()) && !flying.has(entry.hit.event_id));
    }

    /** Where there are Web Locks, no other tab is in here at the same time; the lock goes with the page. */
    async function alone(work) {
        if (locks) {
            try {
                return await locks.request(prefix.hit, {ifAvailable: true}, (lock) => lock && work());
            } catch (error) {
                // A frame without an origin, and a page that may store nothing, has them and may not use them.
                locks = null;
            }
        }
        return work();
    }

    /** Leases a hit to this page. Without Web Locks two tabs may try at once: the one that wrote last has it. */
    async function claimed(entry) {
        const key = prefix.hit + entry.hit.event_id;
        entry.by = uuid();
        keep(entry, Date.now() + ANSWER_WITHIN + LEASE);
        if (!locks) {
            await new Promise((resolve) => setTimeout(resolve, 100 + 100 * Math.random()));
        }
        return (parsed(local.get(key)) || {}).by === entry.by;
    }

    /** How many milliseconds the server has asked us, or another tab, to leave it alone. */
    function paused() {
        return Math.max(0, Math.min(Number(local.get(prefix.pause)) - Date.now(), LONGEST_PAUSE));
    }

    /** Looks again while something waits: in `soon` milliseconds, else when it makes sense to try. */
    function schedule(soon) {
        clearTimeout(timer);
        if (waiting().length) {
            const pause = paused() && paused() + 1000 * Math.random();
            timer = setTimeout(guarded(flush), soon || Math.max(1000, nextTry - Date.now(), pause));
        }
    }

    /* ---- Small things ---- */

    /** A storage of the browser; what it refuses to hold is held by this page for as long as it lives. */
    function shelf(name) {
        const own = new Map();
        const ask = function (work, otherwise) {
            try {
                return work(window[name]);
            } catch (error) {
                return otherwise && otherwise();
            }
        };
        return {
            get: function (key) {
                return own.has(key) ? own.get(key) : ask((storage) => storage.getItem(key));
            },
            set: function (key, value) {
                own.delete(key);
                ask((storage) => storage.setItem(key, value), () => own.set(key, value));
            },
            remove: function (key) {
                own.delete(key);
                ask((storage) => storage.removeItem(key));
            },
            keys: function () {
                return [...own.keys(), ...(ask(Object.keys) || [])];
            }
        };
    }

    /** The same function, except that no error of ours reaches the page. */
    function guarded(work) {
        return function (...given) {
            try {
                const result = work(...given);
                if (result && result.catch) {
                    result.catch(log);
                }
                return result;
            } catch (error) {
                log(error);
            }
        };
    }

    function log(...given) {
        if (settings.debug) {
            window.console.log("ALT", ...given);
        }
    }

    function parsed(json) {
        try {
            return JSON.parse(json);
        } catch (error) {
            return null;
        }
    }

    /** The values of an element's attributes whose names begin so, by what follows, with _ for each -. */
    function attributes(element, beginning) {
        const found = {};
        [...element.attributes].forEach(function (attribute) {
            const name = attribute.name;
            if (name.startsWith(beginning)) {
                found[name.slice(beginning.length).replace(/-/g, "_")] = attribute.value;
            }
        });
        return found;
    }

    function copied(value) {
        return JSON.parse(JSON.stringify(value));
    }

    /**
     * An address in full, found by an element since not a few pages have a `URL` of their own; without the user and password
     * with which the page may have been opened, since browsers send nothing to an address that has them.
     */
    function resolved(address) {
        const link = document.createElement("a");
        link.href = address;
        link.username = link.password = "";
        return link;
    }

    function plain(value) {
        return {}.toString.call(value) === "[object Object]";
    }

    /** Both together; the second wins if it is an object, and null in it takes a name out. */
    function merged(one, other) {
        const all = Object.assign({}, one, plain(other) && other);
        Object.keys(all).forEach(function (name) {
            if (all[name] === null || all[name] === undefined) {
                delete all[name];
            }
        });
        return all;
    }

    /** The text of an identifier; undefined where it names nothing. */
    function text(value) {
        return value === undefined || value === null || value === "" ? undefined : String(value).slice(0, 8192);
    }
})(window, document);
