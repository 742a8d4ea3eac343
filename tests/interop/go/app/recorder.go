package main

import (
	"fmt"
	"net/http"
	"sync"
)

// recorder notes how each request for tokens was authenticated, and its status.
type recorder struct {
	watched string
	mutex   sync.Mutex
	notes   []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && request.URL.String() == r.watched {
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

func (r *recorder) seen() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append([]string{}, r.notes...)
}
