package docker

import "testing"

func TestRefused(t *testing.T) {
	p := load(t, `services:
  db: {image: postgres, volumes: [{type: image, source: x, target: /x}]}
  job: {image: nginx, security_opt: ["seccomp=./none.json"]}
  ok: {image: nginx, network_mode: "service:db", volumes_from: [db]}
  uts: {image: nginx, uts: "service:db"}
  web:
    image: nginx
    volumes:
      - {type: volume, source: v, target: /v, volume: {subpath: x}}
volumes: {v: {}}
`)
	for api, want := range map[string]string{
		oldest: `-:2:35: services.db.volumes[0].image: mounting an image needs an engine with API 1.48 (Docker Engine 28) or newer
-:5:28: services.uts.uts: service:db: engines cannot share this namespace between containers
-:9:65: services.web.volumes[0].volume.subpath: needs an engine with API 1.45 (Docker Engine 26) or newer`,
		newest: `-:5:28: services.uts.uts: service:db: engines cannot share this namespace between containers`,
	} {
		if err := refused(p, api, "linux"); err == nil || err.Error() != want {
			t.Errorf("API %s:\n%v\nwant:\n%s", api, err, want)
		}
	}
}
