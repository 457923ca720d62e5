# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one style of pages that must look like Partwell without Partwell: those inside a bundle.

The tokens are those of the theme; the fonts are the reader's own, since a page in a bundle stands alone.
"""

PAGE_STYLE = """
:root { color-scheme: light dark; --paper:#f4f4ef; --sheet:#fffffd; --well:#ebebe4; --ink:#17242a; --ink2:#4b5a60;
  --rule:#dcdcd3; --accent:#0f4f63; --tint:#e2eef0; --open:#1b6645; --refusing:#9c2c28;
  --serif:"Source Serif 4",Georgia,"Times New Roman",serif; --sans:"Source Sans 3",system-ui,"Segoe UI",Roboto,sans-serif;
  --mono:"IBM Plex Mono",ui-monospace,Consolas,monospace; }
@media screen and (prefers-color-scheme: dark) { :root { --paper:#10181b; --sheet:#172125; --well:#1f2b30; --ink:#e9e7dd;
  --ink2:#b0bab9; --rule:#2c3a3f; --accent:#8cc7d6; --tint:#1a343c; --open:#86d1a8; --refusing:#f5a196; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--paper); color:var(--ink); font:400 1.0625rem/1.62 var(--serif); overflow-wrap:anywhere; }
main { max-width:46rem; margin:2.5rem auto; padding:3.5rem 3.75rem; background:var(--sheet); border:1px solid var(--rule); }
main.wide { max-width:96rem; padding:2.5rem; }
.brand { font-weight:600; font-size:1.1rem; color:var(--accent); border-bottom:2px solid var(--accent); padding-bottom:.6rem; margin:0 0 2rem; }
h1 { font-size:2.125rem; line-height:1.2; font-weight:400; margin:0 0 1.25rem; }
h2 { font-size:1.25rem; line-height:1.3; font-weight:600; margin:2.25rem 0 .6rem; }
p, ol, ul { margin:0 0 .9rem; } ol, ul { padding-left:1.4rem; } li { margin:.3rem 0; }
a { color:var(--accent); } a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline:3px solid #b45309; outline-offset:2px; }
.quiet, dt, th[scope=col], figcaption { color:var(--ink2); } .quiet, dl, table, nav { font-family:var(--sans); font-size:.9375rem; line-height:1.5; }
dl { margin:1rem 0; border-block:1px solid var(--ink); } dl > div { display:grid; grid-template-columns:minmax(7rem,12rem) minmax(0,1fr); gap:1rem; padding:.5rem 0; border-top:1px solid var(--rule); }
dl > div:first-child { border-top:0; } dd { margin:0; }
code, pre { font-family:var(--mono); font-size:.8125rem; line-height:1.55; }
pre { background:var(--well); padding:.8rem 1rem; white-space:pre-wrap; margin:0 0 1rem; }
table { border-collapse:collapse; width:100%; } th, td { text-align:left; vertical-align:top; padding:.5rem .7rem .5rem 0; border-bottom:1px solid var(--rule); overflow-wrap:break-word; }
th { font-weight:600; } td code, th code { font-weight:400; overflow-wrap:anywhere; } thead th { border-bottom:1.5px solid var(--ink); }
.scroll { overflow-x:auto; } .wide table { min-width:80rem; font-size:.8125rem; } .wide th[scope=row] { min-width:14rem; }
.time { list-style:none; padding:0; border-left:2px solid var(--accent); margin-left:.35rem; } .time li { padding:0 0 1.1rem 1.4rem; position:relative; margin:0; }
.time li::before { content:""; position:absolute; left:-.45rem; top:.55rem; width:.75rem; height:.75rem; border-radius:50%; background:var(--sheet); border:2px solid var(--accent); }
.time .quiet { display:block; }
@media (max-width: 767px) { main, main.wide { margin:0; padding:1.5rem 1rem; border:0; } dl > div { grid-template-columns:1fr; gap:0; } h1 { font-size:1.625rem; } }
@media print { body { background:#fff; font-size:10.5pt; } main, main.wide { border:0; margin:0; padding:0; max-width:none; } .wide table { min-width:0; font-size:7pt; }
  .wide th[scope=row] { min-width:0; } .scroll { overflow:visible; } thead { display:table-header-group; } tr, .time li { break-inside:avoid; } @page { margin:16mm; } }
"""
