"""The stage: a shop in a phone, beside it what its page, the bundle, Pi and the chain do, and a
panel for what no user can do.

`watch` takes a `snapshot` of all of them again and again while a page listens, `lines` says in
words what is new in it, `verdict` what became of the money; `director` does what the panel
orders, `server` puts it on HTTP. `page/` is what the browser gets; `page/observer.js` tells the
stage what the shop's page does.
"""
