/* The test page: buttons for what the beacon can do, and a list of what PostgreSQL holds of this session. */
(function () {
    "use strict";

    const JAPANESE = {
        title: "ビーコンのテストページ",
        lead: "何かをクリックしてみてください。左側での操作は PostgreSQL に保存され、右側に表示されます。",
        do: "操作する",
        events: "イベント",
        eventsHint: "属性で宣言したクリックにはスクリプトは要りません。関数を呼べば任意のデータを送れます。",
        cart: "ケトルをカートに入れる",
        event: "trackEvent を呼ぶ",
        premium: "プレミアム会員になる",
        pages: "ページ",
        pagesHint: "History API で URL が変わるとページビューになります。同じ URL なら数えません。",
        push: "pushState",
        replace: "replaceState",
        back: "戻る",
        hash: "ハッシュルート",
        next: "別のページへ",
        links: "リンク",
        outbound: "外部リンク",
        download: "ダウンロード",
        wishes: "訪問者の意思",
        wishesHint: "オプトアウトすると何も送られず、送信待ちのものも消えます。",
        out: "オプトアウト",
        in: "オプトイン",
        session: "セッション",
        waiting: "ブラウザ内で送信待ち",
        state: "状態",
        hits: "このセッションで保存されたヒット",
        nothing: "まだありません。最初のページビューは 1 秒ほどで届きます。",
        counting: "計測中",
        optedOut: "オプトアウト済み",
        asked: "ブラウザが計測しないよう求めています（GPC / DNT）。何も送信されません",
        bot: "このブラウザはボットと見なされます。ヒットは除外され、件数だけが数えられます",
        blocked: "tracker.js が読み込まれていません"
    };
    const ENGLISH = {
        counting: "counting",
        optedOut: "opted out",
        asked: "this browser asks not to be counted (GPC or DNT): nothing is sent",
        bot: "this browser is taken for a bot: its hits are left out and only counted as such",
        blocked: "tracker.js was not loaded"
    };
    document.querySelectorAll("[data-text]").forEach(function (element) {
        ENGLISH[element.dataset.text] = element.textContent;
    });
    const own = "ALT." + document.body.dataset.appId + ".";
    const shown = new Set();
    let words = ENGLISH;

    function speak(japanese) {
        words = japanese ? JAPANESE : ENGLISH;
        document.documentElement.lang = japanese ? "ja" : "en";
        document.title = words.title;
        document.querySelectorAll("[data-text]").forEach(function (element) {
            element.textContent = words[element.dataset.text];
        });
        const other = byId("language");
        other.textContent = japanese ? "English" : "日本語";
        other.lang = japanese ? "en" : "ja";
        showState();
    }

    function byId(id) {
        return document.getElementById(id);
    }

    function onClick(id, work) {
        byId(id).addEventListener("click", work);
    }

    function newPath() {
        return "/test-page?page=" + Math.random().toString(36).slice(2, 7);
    }

    function session() {
        try {
            return JSON.parse(sessionStorage.getItem(own + "session")).id;
        } catch (error) {
            return null;
        }
    }

    function showState() {
        const asked = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
        const counts = document.body.dataset.isBot === "true" ? "bot" : "counting";
        const state = !window.ALT ? "blocked" : localStorage.getItem("ALT.optOut") ? "optedOut" : asked ? "asked" : counts;
        byId("state").textContent = words[state];
        byId("session").textContent = session() || "–";
        byId("waiting").textContent = Object.keys(localStorage).filter(function (key) {
            return key.startsWith(own + "hit.");
        }).length;
    }

    function element(name, text) {
        const made = document.createElement(name);
        made.textContent = text;
        return made;
    }

    function show(hit) {
        if (shown.has(hit.tracking_id)) {
            return;
        }
        shown.add(hit.tracking_id);
        const item = document.createElement("li");
        const first = document.createElement("div");
        const time = element("time", new Date(hit.created_at).toLocaleTimeString());
        time.dateTime = hit.created_at;
        first.append(element("b", hit.event_name || "–"), time);
        item.append(first, element("code", hit.url || "–"));
        const more = Object.assign({}, hit.event_data, hit.custom_params);
        if (Object.keys(more).length) {
            item.append(element("code", JSON.stringify(more)));
        }
        byId("list").prepend(item);
        byId("count").textContent = shown.size;
        byId("nothing").hidden = true;
    }

    async function look() {
        try {
            showState();
            const id = session();
            if (id && !document.hidden) {
                const answer = await fetch("/test-page/hits?session_id=" + encodeURIComponent(id));
                (await answer.json()).data.hits.forEach(show);
            }
        } catch (error) {
            // The receiver is unavailable; it is asked again.
        }
        setTimeout(look, 500);
    }

    onClick("language", function () {
        speak(words === ENGLISH);
    });
    onClick("event", function () {
        ALT.trackEvent("test_button", {clicked: new Date().toISOString(), text: "こんにちは"});
    });
    onClick("premium", function () {
        ALT.updateCustomParams({user_segment: "premium"});
        ALT.trackEvent("became_premium");
    });
    onClick("push", function () {
        history.pushState({}, "", newPath());
    });
    onClick("replace", function () {
        history.replaceState({}, "", newPath());
    });
    onClick("back", function () {
        history.back();
    });
    onClick("hash", function () {
        location.hash = "#/" + Math.random().toString(36).slice(2, 7);
    });
    onClick("out", function () {
        ALT.optOut();
    });
    onClick("in", function () {
        ALT.optIn();
        ALT.trackPageView();
    });
    speak(/^ja/.test(navigator.language));
    look();
})();
