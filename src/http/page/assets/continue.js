(function(){var g=function(){location.replace(document.body.getAttribute("data-continue-url"))};addEventListener("load",g);setTimeout(g,3000)})()
