"""The dashboard: pages for people, made here and shown without a script, on the numbers that the API answers.

mount             where it joins the receiver's application
services          what the pages work with
application_snapshots  what was read of applications, while it is so; `made_parts` what was made for all who look
viewer            who is reading: the operator, or the holder of a key of one application
session_cookie    what a browser keeps of a sign-in; `signed` how such things are signed
provider_sign_in  the way to a provider of sign-ins and back; `attempt_cookie` what a browser keeps meanwhile
sign_in           the form, the way out, the switch of language; `form` reads it, `origin` says whose page sent it
overview_page     where somebody begins: the operator's list of applications; `own_applications_page` a person's
new_application_page  where the operator makes one
application_page  the pages of one application
panels            what reports say of it: pages, sources, places, devices; `asking` asks all of them at once
panel_kinds       what each of them is about
asked_here        which of it a request asks for
together          all questions of its page, where filters are: what these leave is read once
panel_page        one of them alone: another one of a group, all of its values; `panel_links` where values and bars lead
reported          what visits are like, and its numbers by filters and time zones; `site_days` are the days of its zone
goals_page        its goals and funnels, and who comes again; `notes` what happened on a day
segments          filters that its members have saved
filter_form       a filter typed into a form, by the words of the page; `filter_conditions` which condition each makes
carried_filters   filters that are long: they stand in the path of addresses
parameter_panels  as many custom parameters as its page has room for
access_page       its members and share links; `share` whoever comes by one, `share_reads` how often one may be read
share_password    the password of such a link, asked for once
invitation_page   whoever is invited; `link_tokens` are those of both
settings_page     what it may set, by `application_fields` and `setting_fields`
keys_page         its keys; webhooks_page its webhooks
changing          how every change begins
changes_page      its audit log, and that of all; `change_words` says what each change is
deliveries_page   what was sent to one webhook, and what became of it
live_page         what goes on there now; `shared_looks` answers in front of it what many ask for at once
first_hit         whether the first hit has come, and what may be wrong if not
traffic           its numbers: `cards`, and what `chart` draws; `equal_times` those to compare them with
ranges            the time they are about, `neighbours` those beside it; `range_choice` is where it is chosen
operations        for the operator: what waits, who works, what failed; `pace` the hits of the last hour
installation_page its versions and settings
ledger_panel      whether the ledger balances, and its last day
failed_hits_page  failed hits and any one hit, to be looked at, sent in again or given up
page              how a page is put together, and what its headers are; `files` what it loads
reason            why something failed, without the values that it quotes
wording           its words, in two languages; `sentences` those that others say; `labels` what values are called
formats           numbers, days and times; `breaks` where a long name may end a line; `list_pages` parts of a list
"""
