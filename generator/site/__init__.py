"""Pages in, a site out: staging, MkDocs, links, the preview. It knows no page and no result."""
