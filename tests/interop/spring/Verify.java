import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtDecoders;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** A service that verifies access tokens with Spring Security, in both ways that docs/microservices.md describes. */
class Verify {
    private static final Map<List<String>, JwtDecoder> DECODERS = new HashMap<>();

    /** The decoder that Spring Boot builds from `issuer-uri` and `audiences`; the rest are defaults of Spring. */
    private static JwtDecoder byDiscovery(String issuer, String audience) {
        NimbusJwtDecoder decoder = JwtDecoders.fromIssuerLocation(issuer);
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                JwtValidators.createDefaultWithIssuer(issuer), hasAudience(audience)));
        return decoder;
    }

    /** A decoder that accepts only RFC 9068 access tokens. */
    private static JwtDecoder byHand(String issuer, String audience, String alg) {
        NimbusJwtDecoder decoder = NimbusJwtDecoder.withJwkSetUri(issuer + "/jwks")
                .jwsAlgorithm(SignatureAlgorithm.from(alg))
                .validateType(false)
                .build();
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                new JwtTypeValidator("at+jwt"),
                new JwtIssuerValidator(issuer),
                hasAudience(audience),
                new JwtTimestampValidator()));
        return decoder;
    }

    private static OAuth2TokenValidator<Jwt> hasAudience(String audience) {
        return new JwtClaimValidator<List<String>>(JwtClaimNames.AUD, aud -> aud != null && aud.contains(audience));
    }

    private static Map<String, Object> verify(Map<String, Object> question) {
        String issuer = (String) question.get("issuer");
        String audience = (String) question.get("audience");
        String alg = (String) question.get("alg");
        boolean rfc9068 = "at+jwt".equals(question.get("typ"));
        try {
            JwtDecoder decoder = DECODERS.computeIfAbsent(
                    List.of(issuer, audience, rfc9068 ? alg : "by discovery"),
                    key -> rfc9068 ? byHand(issuer, audience, alg) : byDiscovery(issuer, audience));
            Jwt token = decoder.decode((String) question.get("token"));
            Map<String, Object> claims = new HashMap<>();
            for (String name : List.of("sub", "client_id", "scope", "jti")) {
                claims.put(name, token.getClaimAsString(name));
            }
            claims.put("aud", token.getAudience());
            return Map.of("claims", claims);
        } catch (JwtException error) {
            return Map.of("refused", error.getMessage());
        }
    }

    public static void main(String[] arguments) throws IOException, ParseException {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        List<Map<String, Object>> answers = new ArrayList<>();
        for (Map<String, Object> question :
                JSONObjectUtils.getJSONObjectArray(JSONObjectUtils.parse(input), "questions")) {
            answers.add(verify(question));
        }
        System.out.println(JSONObjectUtils.toJSONString(Map.of("answers", answers)));
    }
}
