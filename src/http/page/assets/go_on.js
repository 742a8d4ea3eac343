(function(){var g=function(){location.replace(document.body.getAttribute("data-onward"))};addEventListener("load",g);setTimeout(g,3000)})()
