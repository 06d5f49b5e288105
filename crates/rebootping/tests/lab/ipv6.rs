//! Two ISPs by router advertisement, judged and committed through Shorewall6.
