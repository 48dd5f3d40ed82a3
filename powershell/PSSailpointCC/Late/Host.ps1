# The same hosts as in the official module.
function script:Get-KnownHost {
    , @(
        @{
            Url         = 'https://{tenant}.api.identitynow.com'
            Description = 'This is the production API server.'
            Variables   = @{
                tenant = @{
                    Description  = "This is the name of your tenant, typically your company's name."
                    DefaultValue = 'sailpoint'
                }
            }
        }
        @{
            Url         = 'https://{apiUrl}'
            Description = 'This is the CC API server.'
            Variables   = @{
                apiUrl = @{
                    Description  = 'This is the api url of your tenant'
                    DefaultValue = 'sailpoint.api.identitynow.com'
                }
            }
        }
    )
}
