# Runs charlm from this checkout; builds it first if it is missing or a source has changed. scripts/charlm does the same for POSIX shells.
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'lib/build.ps1')
$program = Build-CharLM
$env:CHARLM_PROGRAM_NAME = $PSCommandPath # for the command that resumes an interrupted run
if ($MyInvocation.ExpectingInput) { $input | & $program @args } else { & $program @args }
exit $LASTEXITCODE
