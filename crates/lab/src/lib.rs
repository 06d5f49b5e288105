//! Network namespaces with Internet providers, a gateway and a LAN.
