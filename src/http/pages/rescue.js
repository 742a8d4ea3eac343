(function(){var h=location.hash.slice(1),p=document.body.getAttribute("data-ticket");if(p&&("&"+h).indexOf("&"+p+"=")>=0){location.replace(location.pathname+"?"+h)}})()
