"""What is kept of visitors, and who counts as one. Without I/O, but for a file of places.

anonymization  an application's privacy settings, as functions of what a hit says
addresses      IP addresses: one spelling for each, and the network that may be kept of it
places         where an address is, by the operator's database; only this module knows maxminddb
url_stripping  parameters taken out of URLs
bots           crawlers, libraries and scripts by their user agent; only this module knows crawlerdetect
programs       those that crawlerdetect does not know, and which of all are libraries and tools
"""
