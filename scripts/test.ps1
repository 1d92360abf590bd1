# Builds everything and runs all tests; ends with the line "N passed, N failed, N skipped". Arguments are passed to dotnet test.
# scripts/test does the same for POSIX shells.
$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'lib/build.ps1')
$null = Build-CharLM # the users' program; reports what is missing on this machine
Push-Location (Split-Path $PSScriptRoot)
try {
    dotnet build CharLM.sln --configuration Release --verbosity quiet --nologo
    if ($LASTEXITCODE -ne 0) { exit 1 }
    # One project after the other, since command-line tests start processes that use all cores. 8: a filter left a project no test.
    $count = @{}
    dotnet test --solution CharLM.sln --configuration Release --no-build --max-parallel-test-modules 1 --ignore-exit-code 8 @args 2>&1 |
        ForEach-Object {
            "$_"
            if ("$_" -match '^\s*(total|failed|succeeded|skipped):\s*(\d+)') { $count[$Matches[1]] = [int]$Matches[2] }
        }
    $failed = $LASTEXITCODE -ne 0 -or -not $count['total']
    '{0} passed, {1} failed, {2} skipped' -f [int]$count['succeeded'], [int]$count['failed'], [int]$count['skipped']
}
finally {
    Pop-Location
}
exit [int]$failed
