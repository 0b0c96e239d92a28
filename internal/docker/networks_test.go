package docker

import (
	"encoding/json"
	"testing"
)

// Every attribute of a network reaches the engine.
func TestNetworkOptions(t *testing.T) {
	p := load(t, `
services: {web: {image: nginx, networks: [all]}}
networks:
  all:
    driver: macvlan
    driver_opts: {parent: eth0}
    attachable: true
    internal: true
    enable_ipv4: true
    enable_ipv6: false
    labels: {a: b}
    ipam:
      driver: custom
      options: {pool: big}
      config: [{subnet: 10.1.0.0/16, ip_range: 10.1.2.0/24, gateway: 10.1.0.1, aux_addresses: {router: 10.1.0.2}}]
`)
	got, err := json.Marshal(networkOptions(p.Networks[0], p.Networks[0].Spec.Labels))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Driver":"macvlan","Scope":"","EnableIPv4":true,"EnableIPv6":false,` +
		`"IPAM":{"Driver":"custom","Options":{"pool":"big"},"Config":[{"Subnet":"10.1.0.0/16","IPRange":"10.1.2.0/24","Gateway":"10.1.0.1","AuxiliaryAddresses":{"router":"10.1.0.2"}}]},` +
		`"Internal":true,"Attachable":true,"Ingress":false,"ConfigOnly":false,"ConfigFrom":null,"Options":{"parent":"eth0"},"Labels":{"a":"b"}}`
	if string(got) != want {
		t.Errorf("request:\n%s\nwant:\n%s", got, want)
	}
}
