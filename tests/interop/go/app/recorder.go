package main

import (
	"fmt"
	"net/http"
	"sync"
)

// recorder notes the client authentication of each token request, and the status of the response.
type recorder struct {
	tokenURL string
	mutex    sync.Mutex
	notes    []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && request.URL.String() == r.tokenURL {
		style := "body"
		if _, _, basic := request.BasicAuth(); basic {
			style = "header"
		}
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.notes = append(r.notes, fmt.Sprint(style, " ", response.StatusCode))
	}
	return response, err
}

func (r *recorder) requests() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append([]string{}, r.notes...)
}
